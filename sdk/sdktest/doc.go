// Package sdktest tests a plugin the way signalbox uses it: as a process of its
// own, over the real wire.
//
//	func TestMain(m *testing.M) { sdktest.Main(m, acme.Plugin()) }
//
//	func TestOrder(t *testing.T) {
//		c := sdktest.Start(t, acme.Plugin(), map[string]any{"url": fake.URL})
//		got := c.Handle("create", map[string]any{"email": "a@example.com"})
//		…
//	}
//
// Start runs the test binary a second time, in which Main serves the plugin
// instead of running tests. What a handler changes in its own memory is
// therefore not seen by the test: look at the outcomes, or at the fake system
// that the plugin talks to. StartCommand starts any other program, in any
// language.
//
// Conform is what every plugin must pass. AssertLeaksNoSecret looks for the
// configuration's secrets in everything that the plugin has said.
package sdktest
