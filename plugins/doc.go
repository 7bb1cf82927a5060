// Package plugins names the plugins that come with signalbox. They are plugins
// like all others: they use the sdk alone, and run as processes of their own,
// for which the signalbox binary starts itself again.
//
// It is not for anything that a route or the router needs to know. Each plugin
// is in a folder of its own; start at its doc.go.
package plugins
