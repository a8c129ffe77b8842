package ledger

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// killDir is set in the environment of the process that is to be killed.
const killDir = "ANDON_KILL_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killDir); dir != "" {
		appendForEver(dir)
	}
	m.Run()
}

// appendForEver appends facts as fast as it can and prints the key of each
// one once Append has returned.
func appendForEver(dir string) {
	ctx := context.Background()
	l, err := Open(ctx, Config{Dir: dir}, nil)
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	fmt.Println("opened")
	for i := 0; ; i++ {
		key := fmt.Sprintf("%s/%d", os.Getenv("ANDON_KILL_ROUND"), i)
		if first, err := l.Append(ctx, fact(key)); err != nil || !first {
			fmt.Println("error", first, err)
			os.Exit(1)
		}
		fmt.Println(key)
	}
}

// TestKillLosesNothing kills an appending process with SIGKILL at random
// moments, ANDON_KILLS times (10 if it is not set), and sees after each that
// what was acknowledged is there, once and in order.
func TestKillLosesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes and kills them")
	}
	kills := 10
	if s := os.Getenv("ANDON_KILLS"); s != "" {
		var err error
		if kills, err = strconv.Atoi(s); err != nil {
			t.Fatal("ANDON_KILLS:", err)
		}
	}
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	var acknowledged []string
	extra := 0
	for round := range kills {
		acknowledged = append(acknowledged, killOne(t, dir, round, random)...)
		l := open(t, Config{Dir: dir})
		n, seen := 0, map[string]bool{}
		for _, f := range all(t, l) {
			if seen[f.Key] {
				t.Fatalf("kill %d: %s is there twice", round, f.Key)
			}
			seen[f.Key] = true
			if n < len(acknowledged) && f.Key == acknowledged[n] {
				n++
			}
		}
		if n < len(acknowledged) {
			t.Fatalf("kill %d: %s was acknowledged and is not there, or out of order; %d are there", round, acknowledged[n], len(seen))
		}
		extra = len(seen) - n
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(acknowledged) < kills {
		t.Errorf("%d facts acknowledged in %d kills: the test shows nothing", len(acknowledged), kills)
	}
	t.Logf("%d kills: all of %d acknowledged facts are there; %d more were kept without an answer", kills, len(acknowledged), extra)
}

func TestOpenRefusesAFolderThatAnotherProcessHas(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a process")
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), killDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if lines := bufio.NewScanner(out); !lines.Scan() || lines.Text() != "opened" {
		t.Error("the other process says", lines.Text())
	}
	_, err = Open(t.Context(), Config{Dir: dir}, nil)
	if want := fmt.Sprintf("process %d", cmd.Process.Pid); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want ErrLocked by %s", err, want)
	}
	cmd.Process.Kill()
	cmd.Wait() // "signal: killed" is what was asked for
	open(t, Config{Dir: dir})
}

// killOne starts a process that appends, kills it and returns what it had
// said was kept. Some are killed while they still open the folder.
func killOne(t *testing.T, dir string, round int, random *rand.Rand) (acknowledged []string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), killDir+"="+dir, fmt.Sprint("ANDON_KILL_ROUND=", round))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	kill := func() { cmd.Process.Kill() } // SIGKILL
	if random.IntN(10) == 0 {
		time.AfterFunc(time.Duration(random.IntN(60))*time.Millisecond, kill)
	}
	for lines.Scan() {
		switch line := lines.Text(); {
		case line == "opened":
			time.AfterFunc(time.Duration(random.IntN(150_000))*time.Microsecond, kill)
		case len(line) > 5 && line[:5] == "error":
			t.Error(line)
			kill()
		default:
			acknowledged = append(acknowledged, line)
		}
	}
	cmd.Wait() // "signal: killed" is what was asked for
	return acknowledged
}
