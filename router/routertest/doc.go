// Package routertest holds the fakes with which the journey is tested without
// a disk, a plugin or a network: a journal in memory, a caller and a source
// made of functions, and builders of plans. Nothing in it is for production.
package routertest
