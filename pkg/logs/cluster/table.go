package cluster

// A table finds the template of a skeleton: open addressing, at most half full.
type table struct {
	keys []uint64
	vals []int32
	used int
}

func (t *table) get(h uint64) int32 {
	if t.keys == nil {
		return -1
	}
	mask := uint64(len(t.keys) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		switch t.keys[i] {
		case h:
			return t.vals[i]
		case 0:
			return -1
		}
	}
}

func (t *table) put(h uint64, v int32) {
	if 2*(t.used+1) > len(t.keys) {
		t.grow()
	}
	mask := uint64(len(t.keys) - 1)
	i := h & mask
	for t.keys[i] != 0 && t.keys[i] != h {
		i = (i + 1) & mask
	}
	if t.keys[i] == 0 {
		t.used++
	}
	t.keys[i], t.vals[i] = h, v
}

func (t *table) grow() {
	old := *t
	n := max(1024, 2*len(old.keys))
	*t = table{keys: make([]uint64, n), vals: make([]int32, n)}
	for i, h := range old.keys {
		if h != 0 {
			t.put(h, old.vals[i])
		}
	}
}
