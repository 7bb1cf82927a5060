package daemon_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/signalbox/signalbox/router/internal/admin"
)

// unended is how many events of a service have something left to do. Its text
// says what the plugin does, and how far some of the events are.
type unended struct {
	*service
	ctx  context.Context
	left int
}

func (u unended) Error() string {
	client := &admin.Client{Socket: u.socket()}
	text := fmt.Sprintf("%d events are unfinished", u.left)
	if status, err := client.Status(u.ctx); err == nil {
		text += fmt.Sprintf(", plugins %+v", status.Plugins)
	}
	found, err := client.Events(u.ctx, admin.Filter{Unfinished: true, Limit: 3})
	if err != nil {
		return text + ": " + err.Error()
	}
	for _, e := range found.Events {
		if story, err := client.Story(u.ctx, e.ID); err == nil {
			indented, _ := json.MarshalIndent(story, "", " ")
			text += "\n" + string(indented)
		}
	}
	return text
}
