package demo

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
)

// A memoryNetwork is a network in memory, whose connections are pipes. Unlike with
// real connections, a simulated clock can tell when everybody waits (see simulated).
// It is safe for concurrent use.
type memoryNetwork struct {
	mu        sync.Mutex
	port      int // the last one that was assigned
	listeners map[string]*memoryListener
}

func newMemoryNetwork() *memoryNetwork {
	return &memoryNetwork{port: 30000, listeners: make(map[string]*memoryListener)}
}

// listen listens on an address; port 0 stands for an unused one.
func (m *memoryNetwork) listen(address string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if port == "0" {
		m.port++
		port = strconv.Itoa(m.port)
	}
	l := &memoryListener{network: m, address: memoryAddr(net.JoinHostPort(host, port)), calls: make(chan net.Conn), closed: make(chan struct{})}
	if m.listeners[l.address.String()] != nil {
		return nil, fmt.Errorf("address %s is in use", l.address)
	}
	m.listeners[l.address.String()] = l
	return l, nil
}

// dial connects to the listener on an address.
func (m *memoryNetwork) dial(ctx context.Context, _, address string) (net.Conn, error) {
	m.mu.Lock()
	l := m.listeners[address]
	m.mu.Unlock()
	if l == nil {
		return nil, fmt.Errorf("connection to %s: nobody listens there", address)
	}
	here, there := net.Pipe()
	select {
	case l.calls <- there:
		return here, nil
	case <-l.closed:
		return nil, fmt.Errorf("connection to %s: the listener was closed", address)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// A memoryListener implements net.Listener.
type memoryListener struct {
	network *memoryNetwork
	address memoryAddr
	calls   chan net.Conn
	closing sync.Once
	closed  chan struct{}
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.calls:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Close() error {
	l.closing.Do(func() {
		l.network.mu.Lock()
		delete(l.network.listeners, l.address.String())
		l.network.mu.Unlock()
		close(l.closed)
	})
	return nil
}

func (l *memoryListener) Addr() net.Addr { return l.address }

// A memoryAddr is host:port.
type memoryAddr string

func (memoryAddr) Network() string  { return "memory" }
func (a memoryAddr) String() string { return string(a) }
