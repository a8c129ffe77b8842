package logs

import (
	"encoding/binary"
	"hash/fnv"
	"time"
)

// inTurn orders lines of two nodes by time. Where the times are equal, as with a
// job that runs everywhere at once or with times in whole seconds, a hash decides
// which comes first, since only the first is a first sighting. The hash is always
// the same and knows nothing of sides. Lines of one node at one time keep their
// order.
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
