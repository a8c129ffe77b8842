package ledger

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lockFolder keeps a second process out by opening a file that is shared with
// nobody. It is freed when the process ends, however that ends.
func lockFolder(name string) (*os.File, error) {
	p, err := syscall.UTF16PtrFromString(name)
	if err != nil {
		return nil, err
	}
	const sharingViolation = syscall.Errno(32)
	h, err := syscall.CreateFile(p, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil,
		syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if errors.Is(err, sharingViolation) {
		return nil, fmt.Errorf("%w; stop that process, or give this one its own folder", ErrLocked)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w; choose a folder that this user can write to", name, err)
	}
	return os.NewFile(uintptr(h), name), nil
}

// syncFolder does nothing: Windows has no such call.
func syncFolder(string) error { return nil }
