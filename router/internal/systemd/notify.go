package systemd

import (
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"
)

// notifyTimeout bounds a notification. systemd reads them at once; if it
// doesn't, being late is better than standing still. (It is why go-systemd's
// own sender, which waits for ever, isn't used.)
const notifyTimeout = time.Second

// maxStatus keeps a message well below the 4 KiB that systemd reads of one; a
// longer message is lost whole, with the READY=1 that stands in it.
const maxStatus = 1 << 10

// Ready says that the start, or a reload, is complete, with a line for
// `systemctl status`.
func Ready(status string) error {
	return notify("saying that the daemon is ready", daemon.SdNotifyReady, statusLine(status))
}

// Reloading says that a reload has begun; Ready must follow, whether the reload
// took effect or not.
func Reloading(status string) error {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return fmt.Errorf("reading the monotonic clock: %w", err)
	}
	// By this stamp systemd tells this reload from the one before
	// (Type=notify-reload).
	stamp := fmt.Sprintf("MONOTONIC_USEC=%d", now.Nano()/int64(time.Microsecond))
	return notify("saying that the daemon reloads", daemon.SdNotifyReloading, stamp, statusLine(status))
}

// Stopping says that the shutdown has begun.
func Stopping(status string) error {
	return notify("saying that the daemon stops", daemon.SdNotifyStopping, statusLine(status))
}

// statusLine keeps a status short and on one line, since each line is a field
// of its own.
func statusLine(status string) string {
	status = strings.Join(strings.Fields(status), " ")
	if len(status) > maxStatus {
		status = strings.ToValidUTF8(status[:maxStatus], "") // cut no rune in two
	}
	return "STATUS=" + status
}

// notify sends one message of fields to the socket that systemd named. Without
// such a socket there is nobody to tell, which is no error.
func notify(doing string, fields ...string) error {
	socket := os.Getenv("NOTIFY_SOCKET")
	if socket == "" {
		return nil
	}
	if err := send(socket, strings.Join(fields, "\n")); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

func send(socket, message string) error {
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetWriteDeadline(time.Now().Add(notifyTimeout)); err != nil {
		return err
	}
	_, err = conn.Write([]byte(message))
	return err
}
