package appdirect

import "github.com/signalbox/signalbox/router"

// Read makes the event of a document that is at hand, as Fetch does of one that
// a marketplace hands out, but vouches for nothing: whoever has the document may
// have written it.
func Read(source string, raw []byte) (router.Event, error) {
	d, of, err := decode(raw)
	if err != nil {
		return router.Event{}, err
	}
	return router.Event{
		Source: source, Type: d.Type, Flag: d.Flag, Lane: of.lane(source, of.marketplace),
		Payload: d.Payload, Attributes: d.Attributes, Extra: of.extra(), Raw: raw,
	}, nil
}
