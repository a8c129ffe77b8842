package logs

import (
	"encoding/binary"
	"hash/fnv"
	"time"
)

// inTurn compares what two nodes said by its time. Of two at one time, as all
// are of a job that runs everywhere at once, or in a log whose times are whole
// seconds, chance decides: the one that comes first is a first sighting, and the
// other is none. Chance is a hash, the same whenever it is asked, which knows
// nothing of sides. What one node said at one time stays as it was.
func inTurn(at time.Time, node string, other time.Time, otherNode string) int {
	if c := at.Compare(other); c != 0 || node == otherNode {
		return c
	}
	a, b := lot(at, node), lot(at, otherNode)
	if a < b {
		return -1
	}
	return 1
}

func lot(at time.Time, node string) uint64 {
	h := fnv.New64a()
	h.Write(binary.LittleEndian.AppendUint64(nil, uint64(at.UnixNano())))
	h.Write([]byte(node))
	x := h.Sum64()
	x ^= x >> 32 // names that differ in their last letter differ in few bits
	x *= 0x9e3779b97f4a7c15
	return x ^ x>>29
}
