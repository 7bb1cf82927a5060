// Package seal keeps what schemas call sensitive from whoever reads the journal,
// a copy of it or a page that shows it: such values are encrypted before they
// are written down, and opened again at the doors, where a plugin, an
// expression or a source gets them.
//
// Start with vault.go; text.go is the form of a sealed value, keys.go where keys
// come from. The room knows router.Schema and nothing of events: what is sealed
// when is router's business.
package seal
