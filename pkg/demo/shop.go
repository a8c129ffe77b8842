package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/andon-project/andon/pkg/andon"
)

// Config says how the shop is set up.
type Config struct {
	Seed  uint64    // of all random numbers
	Nodes int       // of each service; 5 if zero
	Rate  float64   // requests a second that customers send to each service; 60 if zero
	Bad   string    // service whose new version has the fault; checkout if empty
	Fault Fault     // of that version
	Logs  io.Writer // gets the nodes' logs: JSON lines, and stack traces of crashes

	Lines func(...andon.Line) // gets the same as lines with labels, as a log collector sends them

	Listen    string // host that nodes listen on; 127.0.0.1 if empty
	Advertise string // host under which others reach them; that of Listen if empty

	network *memoryNetwork // that nodes use; the machine's own if nil
	around  surroundings
}

// The versions: all nodes begin on Old, and New is rolled out.
const (
	Old = "v1"
	New = "v2"
)

// Services are those of the shop, by name.
func Services() []string { return []string{"catalog", "checkout"} }

// A Shop runs the nodes of its services. It is safe for concurrent use.
type Shop struct {
	config Config
	log    *slog.Logger
	client *http.Client
	opened time.Time
	listen func(address string) (net.Listener, error)

	mu    sync.Mutex
	names *rand.Rand
	nodes map[string][]*node // by service, as many as Config.Nodes
	turn  map[string]int     // of the node that was asked last
}

// Open starts all nodes on the old version.
func Open(c Config) (*Shop, error) {
	if c.Nodes == 0 {
		c.Nodes = 5
	}
	if c.Rate == 0 {
		c.Rate = 60
	}
	if c.Bad == "" {
		c.Bad = "checkout"
	}
	if c.Listen == "" {
		c.Listen = "127.0.0.1"
	}
	if c.Advertise == "" {
		c.Advertise = c.Listen
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: 30 * time.Second}
	s := &Shop{
		config: c,
		client: &http.Client{Timeout: 5 * time.Second, Transport: transport},
		opened: time.Now(),
		listen: func(address string) (net.Listener, error) { return net.Listen("tcp", address) },
		names:  rand.New(rand.NewPCG(c.Seed, 1)),
		nodes:  make(map[string][]*node),
		turn:   make(map[string]int),
	}
	if c.network != nil {
		s.listen, transport.DialContext = c.network.listen, c.network.dial
	}
	s.log = slog.New(slog.DiscardHandler)
	if c.Logs != nil {
		s.log = slog.New(slog.NewJSONHandler(c.Logs, nil))
	}
	for _, service := range Services() {
		for i := range c.Nodes {
			n, err := s.begin(service, i, Old)
			if err != nil {
				s.Close()
				return nil, err
			}
			s.nodes[service] = append(s.nodes[service], n)
		}
	}
	return s, nil
}

// Close ends all nodes and waits for them.
func (s *Shop) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ending sync.WaitGroup
	for service, nodes := range s.nodes {
		for _, n := range nodes {
			ending.Go(n.stop)
		}
		delete(s.nodes, service)
	}
	ending.Wait()
	s.client.CloseIdleConnections()
}

// begin starts a node at a place of its service. Its name is new, as that of a pod is.
func (s *Shop) begin(service string, place int, version string) (*node, error) {
	b := services[service]
	if version == New && service == s.config.Bad {
		b = b.with(s.config.Fault)
	}
	s.mu.Lock()
	name := fmt.Sprintf("%s-%s-%s", service, version, letters(s.names, 5))
	s.mu.Unlock()
	n := &node{
		name: name, service: service, version: version, behaviour: b,
		noise: newNoise(s.config.Seed, name), call: s.Call, open: s.listen, listen: s.config.Listen,
	}
	s.surround(n, place)
	n.out, n.log = s.output(n)
	if err := n.start(); err != nil {
		return nil, err
	}
	n.log.Info("process started", "address", n.address)
	return n, nil
}

// letters returns n of the letters that Kubernetes makes names of.
func letters(r *rand.Rand, n int) string {
	const from = "bcdfghjklmnpqrstvwxz2456789"
	b := make([]byte, n)
	for i := range b {
		b[i] = from[r.IntN(len(from))]
	}
	return string(b)
}

// Replace puts a new node on a version in the place of the i-th node of a
// service. The old one ends when the new one takes requests.
func (s *Shop) Replace(service string, i int, version string) error {
	n, err := s.begin(service, i, version)
	if err != nil {
		return err
	}
	s.mu.Lock()
	nodes := s.nodes[service]
	if i >= len(nodes) {
		s.mu.Unlock()
		n.stop()
		return errors.New("the shop is closed")
	}
	old := nodes[i]
	nodes[i] = n
	s.mu.Unlock()
	old.stop()
	return nil
}

// A Node describes an instance of a service.
type Node struct {
	Name, Service, Version string
	Address                string // host:port
	Live                   bool   // false between a crash and the restart
	Restarts               int    // by crashes
}

// Nodes returns the nodes of a service, or of all if service is empty.
func (s *Shop) Nodes(service string) []Node {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Node
	for _, name := range Services() {
		if service != "" && service != name {
			continue
		}
		for _, n := range s.nodes[name] {
			_, port, _ := net.SplitHostPort(n.address)
			out = append(out, Node{
				Name: n.name, Service: n.service, Version: n.version, Address: net.JoinHostPort(s.config.Advertise, port),
				Live: n.live.Load(), Restarts: int(n.restarts.Load()),
			})
		}
	}
	return out
}

// next returns the next node of a service in turn that takes requests; nil if none
// does.
func (s *Shop) next(service string) *node {
	s.mu.Lock()
	defer s.mu.Unlock()
	nodes := s.nodes[service]
	for range nodes {
		s.turn[service] = (s.turn[service] + 1) % len(nodes)
		if n := nodes[s.turn[service]]; n.live.Load() {
			return n
		}
	}
	return nil
}

// Call sends one request to the next live node of a service; an answer other
// than 200 is an error.
func (s *Shop) Call(ctx context.Context, service string) error {
	n := s.next(service)
	if n == nil {
		return fmt.Errorf("no node of %s is up", service)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.dial()+"/", http.NoBody)
	if err != nil {
		return err
	}
	res, err := s.client.Do(req)
	if err != nil {
		return err
	}
	if err := res.Body.Close(); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", n.name, res.Status)
	}
	return nil
}

// dial returns the address under which this process reaches the node.
func (n *node) dial() string {
	host, port, _ := net.SplitHostPort(n.address)
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// Load plays the customers: it sends requests to every service at the configured rate
// until ctx ends, then waits for the last answers.
func (s *Shop) Load(ctx context.Context) {
	var customers sync.WaitGroup
	for i, service := range Services() {
		arrivals := rand.New(rand.NewPCG(s.config.Seed, uint64(100+i)))
		customers.Go(func() { s.visit(ctx, service, arrivals) })
	}
	customers.Wait()
}

// visit sends requests to one service, at times that do not depend on how fast they
// are answered. At most 64 are under way at a time.
func (s *Shop) visit(ctx context.Context, service string, arrivals *rand.Rand) {
	const atOnce = 64
	var open sync.WaitGroup
	defer open.Wait()
	places := make(chan struct{}, atOnce)
	for next := time.Now(); ; {
		// Between half and one and a half of the mean: steadier than chance, as
		// the sum of many customers behind a balancer is.
		next = next.Add(time.Duration((.5 + arrivals.Float64()) * float64(s.between(next))))
		if !pause(ctx, time.Until(next)) {
			return
		}
		select {
		case places <- struct{}{}:
		default:
			continue // the service is overloaded; this customer leaves
		}
		open.Go(func() {
			defer func() { <-places }()
			_ = s.Call(ctx, service) // the node has counted it
		})
	}
}

// Versions counts the nodes of a service on each version.
func (s *Shop) Versions(service string) map[string]int {
	count := make(map[string]int)
	for _, n := range s.Nodes(service) {
		count[n.Version]++
	}
	return count
}
