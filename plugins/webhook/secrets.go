package webhook

import (
	"bytes"
	"encoding/json"
)

// secretsMember is the member of a post, and of an answer, that nobody but the
// two sides may read: credentials of an account that was made, say. It comes
// from and goes to the input and the output of its name, which are sensitive.
const secretsMember = "secrets"

// apart takes an answer's secrets out of it. What is left is the answer as it
// was where it has none. Of one that is not JSON, or was cut, and may have some,
// nothing is left: they can't be told from the rest.
func apart(answer []byte, whole bool) (rest []byte, secrets json.RawMessage) {
	if !bytes.Contains(answer, []byte(secretsMember)) {
		return answer, nil
	}
	var members map[string]json.RawMessage
	if !whole || json.Unmarshal(answer, &members) != nil {
		if whole {
			return answer, nil // a list, or a text: it has no members
		}
		return nil, nil
	}
	secrets, found := members[secretsMember]
	if !found {
		return answer, nil
	}
	delete(members, secretsMember)
	rest, err := json.Marshal(members)
	if err != nil {
		return nil, secrets
	}
	return rest, secrets
}
