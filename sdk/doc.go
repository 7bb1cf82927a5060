// Package sdk is what a plugin author sees of signalbox.
//
// A plugin is a program of its own. It fills in a [Plugin] and hands it to
// [Serve], which speaks the wire protocol (proto/signalbox/plugin/v1):
//
//	func main() { sdk.Serve(&sdk.Plugin{Name: "acme", Actions: …}) }
//
// Package sdktest starts a plugin over the real wire, in tests. The package is
// a leaf: it imports nothing else of signalbox.
package sdk
