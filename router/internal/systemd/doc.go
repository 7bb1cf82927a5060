// Package systemd is the daemon's side of its service manager: it tells
// systemd how the daemon is (notify.go), answers its watchdog (watchdog.go),
// takes over sockets that systemd listens on (sockets.go) and reads the
// credentials that systemd hands out (credential.go).
//
// Outside systemd everything here is quiet: there is nobody to notify, no
// watchdog to feed and no socket; only a credential, which somebody asked for
// by name, is an error.
//
// The room doesn't decide when the daemon is ready or healthy: whoever runs the
// daemon does. The unit that fits it is cmd/signalbox/package/signalbox.service.
package systemd
