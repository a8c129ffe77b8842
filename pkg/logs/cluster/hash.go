package cluster

import (
	"encoding/binary"
	"math/bits"
)

const (
	prime1 = 0x9e3779b97f4a7c15
	prime2 = 0xd6e8feb86659fd93
)

// mix folds x into h.
func mix(h, x uint64) uint64 {
	hi, lo := bits.Mul64(h^x^prime1, prime2^bits.RotateLeft64(h, 23))
	return hi ^ lo
}

// hashBytes is a hash of b for use within the process only.
func hashBytes(b []byte) uint64 {
	n := len(b)
	h := uint64(n) * prime1
	switch {
	case n >= 8:
		for len(b) > 8 {
			h = mix(h, binary.LittleEndian.Uint64(b))
			b = b[8:]
		}
		return mix(h, tail(b, n))
	case n >= 4:
		return mix(h, uint64(binary.LittleEndian.Uint32(b))|uint64(binary.LittleEndian.Uint32(b[n-4:]))<<32)
	case n > 0:
		return mix(h, uint64(b[0])|uint64(b[n>>1])<<8|uint64(b[n-1])<<16)
	}
	return mix(h, 0)
}

// tail packs at most eight bytes into a word.
func tail(b []byte, n int) uint64 {
	var x uint64
	for i, c := range b {
		x |= uint64(c) << (8 * i)
	}
	return x ^ uint64(n)<<56
}
