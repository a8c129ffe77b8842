package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

const (
	lockFile = "andon.lock"

	// startTimeout is how long the server may take to be ready for us once it
	// has read its folder.
	startTimeout = 10 * time.Second

	// noLimit is the store's size limit, in bytes. Without one the server
	// takes three quarters of the space that is free as it starts, and a
	// ledger on a filling disk would refuse facts after a restart.
	noLimit = 1 << 50
)

// An embeddedServer is a NATS server in this process that only this process reaches.
type embeddedServer struct {
	dir      string
	lock     *os.File
	ns       *server.Server
	log      *serverLog
	hadFacts bool // dir held facts before the server started
}

// embed locks dir and starts a server on it.
func embed(dir string, log hclog.Logger) (*embeddedServer, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("%w; choose a folder that this user can write to", err)
	}
	lock, err := lockFolder(filepath.Join(dir, lockFile))
	if err != nil {
		return nil, err
	}
	e := &embeddedServer{dir: dir, lock: lock, hadFacts: holdsFacts(dir)}
	if err := e.start(log); err != nil {
		return nil, errors.Join(err, e.stop())
	}
	return e, nil
}

func (e *embeddedServer) start(log hclog.Logger) error {
	ns, err := server.NewServer(&server.Options{
		ServerName: "andon", JetStream: true, StoreDir: e.dir, SyncAlways: true, JetStreamMaxStore: noLimit,
		DontListen: true, NoSigs: true, MaxPayload: 2 * MaxFact,
	})
	if err != nil {
		return fmt.Errorf("starting the embedded NATS server: %w", err)
	}
	e.log = &serverLog{log: log}
	ns.SetLoggerV2(e.log, false, false, false)
	e.ns = ns
	// Start returns once the folder is read, and silently if that went wrong.
	ns.Start()
	if e.log.failed() || !ns.ReadyForConnections(startTimeout) {
		return fmt.Errorf("the embedded NATS server did not start: %s; "+
			"check that this user can read and write everything in the folder, and that the disk is not full", e.warning())
	}
	return nil
}

func (e *embeddedServer) dial() (*nats.Conn, error) {
	return nats.Connect("", nats.InProcessServer(e.ns), nats.Name("andon"), nats.MaxReconnects(-1),
		nats.ReconnectWait(100*time.Millisecond), nats.ReconnectBufSize(-1))
}

// warning returns what the server complained of last, "" if there was
// nothing or it is not in this process.
func (e *embeddedServer) warning() string {
	if e == nil || e.log == nil {
		return ""
	}
	return e.log.last()
}

// settle makes the names of the stream's files survive power loss; what is in
// them the server syncs itself.
func (e *embeddedServer) settle() error {
	return filepath.WalkDir(e.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		return syncFolder(path)
	})
}

// stop ends the server and then frees the folder for others.
func (e *embeddedServer) stop() error {
	if e.ns != nil {
		e.ns.Shutdown()
		e.ns.WaitForShutdown()
	}
	return e.lock.Close()
}

// holdsFacts reports whether dir has a stream's messages on disk.
func holdsFacts(dir string) bool {
	blocks, _ := filepath.Glob(filepath.Join(dir, "jetstream", "*", "streams", streamName, "msgs", "*.blk"))
	for _, b := range blocks {
		if st, err := os.Stat(b); err == nil && st.Size() > 0 {
			return true
		}
	}
	return false
}
