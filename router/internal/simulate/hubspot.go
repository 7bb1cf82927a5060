package simulate

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// maxBatch is the number of inputs that one batch call may have. (HubSpot API
// documentation, 'CRM objects', batch upsert.)
const maxBatch = 100

// firstHubSpotID is where object ids begin to count.
const firstHubSpotID = 901

// HubSpot answers the calls of HubSpot's CRM API that keep companies and
// contacts in step, statefully: batch upsert by a unique property, the default
// association of a contact with a company, and the look at a property. Any
// property name is taken for a defined one. (HubSpot API documentation, 'CRM
// objects v3', 'Associations v4', 'Properties'.)
type HubSpot struct {
	options StandIn
	server  server
	calls   calls

	mu           sync.Mutex
	objects      map[string][]HubSpotObject // by kind: companies, contacts
	associations map[string]string          // contact id → company id
	made         int
}

// HubSpotObject is a company or a contact as the stand-in knows one.
type HubSpotObject struct {
	ID         string
	Properties map[string]string
	// Company is the id of the company that a contact is associated with.
	Company          string
	Created, Updated time.Time
}

// NewHubSpot makes a stand-in that Start serves.
func NewHubSpot(o StandIn) *HubSpot {
	return &HubSpot{
		options:      o,
		objects:      map[string][]HubSpotObject{"companies": nil, "contacts": nil},
		associations: map[string]string{},
	}
}

// Start listens and serves. Calling it again changes nothing.
func (h *HubSpot) Start() error {
	return h.server.start(h.options.Addr, httpEngine(h.routes(), h.options.Log))
}

// Stop ends what Start began and waits for it. What was created stays known.
func (h *HubSpot) Stop() { h.server.stop() }

// URL is the base address, without /crm, once started.
func (h *HubSpot) URL() string { return h.server.url() }

// FailNext makes the next n requests fail with that HTTP status.
func (h *HubSpot) FailNext(n, status int) { h.calls.failNext(n, status) }

// Calls are the latest requests, in order.
func (h *HubSpot) Calls() []Call { return h.calls.all() }

// Companies are those created, in order.
func (h *HubSpot) Companies() []HubSpotObject { return h.list("companies") }

// Contacts are those created, in order.
func (h *HubSpot) Contacts() []HubSpotObject { return h.list("contacts") }

// Summary tells in a line what the stand-in holds and was asked.
func (h *HubSpot) Summary() string {
	return fmt.Sprintf("HubSpot: %s, %s, %s",
		plural(len(h.Companies()), "company"), plural(len(h.Contacts()), "contact"), h.calls.summary())
}

func (h *HubSpot) list(kind string) []HubSpotObject {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := slices.Clone(h.objects[kind])
	for i := range list {
		list[i].Properties = maps.Clone(list[i].Properties)
		list[i].Company = h.associations[list[i].ID]
	}
	return list
}

func (h *HubSpot) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /crm/v3/objects/{kind}/batch/upsert", h.answered(h.upsert))
	mux.HandleFunc("PUT /crm/v4/objects/contacts/{contact}/associations/default/companies/{company}",
		h.answered(h.associate))
	mux.HandleFunc("GET /crm/v3/properties/{kind}/{name}", h.answered(h.property))
	mux.HandleFunc("/", h.answered(func(r *http.Request, _ time.Time) answer {
		return hubspotError(http.StatusNotFound, "OBJECT_NOT_FOUND", "no such address: "+r.URL.Path)
	}))
	return mux
}

// answered wraps what all calls have in common: one at a time, a token asked
// for, faults on cue, and a line in the log of calls.
func (h *HubSpot) answered(perform func(*http.Request, time.Time) answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		defer h.mu.Unlock()
		call := Call{At: h.options.now(), Method: r.Method, Path: r.URL.RequestURI()}
		var a answer
		if !hasBearer(r) {
			a = hubspotError(http.StatusUnauthorized, "INVALID_AUTHENTICATION", "no access token was given")
		} else if status := h.calls.fault(); status != 0 {
			call.Fault = true
			a = hubspotError(status, "INTERNAL_ERROR", "the stand-in was told to fail this request")
		} else {
			a = perform(r, call.At)
		}
		call.Status = a.status
		h.calls.add(call)
		a.write(w)
	}
}

type upsertRequest struct {
	Inputs []upsertInput `json:"inputs"`
}

type upsertInput struct {
	IDProperty string            `json:"idProperty"`
	ID         string            `json:"id"`
	Properties map[string]string `json:"properties"`
}

func (h *HubSpot) upsert(r *http.Request, at time.Time) answer {
	kind := r.PathValue("kind")
	if _, known := h.objects[kind]; !known {
		return hubspotError(http.StatusBadRequest, "VALIDATION_ERROR", "unable to infer object type from: "+kind)
	}
	var request upsertRequest
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		return hubspotError(http.StatusBadRequest, "VALIDATION_ERROR", "invalid input JSON")
	}
	if n := len(request.Inputs); n == 0 || n > maxBatch {
		return hubspotError(http.StatusBadRequest, "VALIDATION_ERROR",
			fmt.Sprintf("a batch has between 1 and %d inputs", maxBatch))
	}
	for _, in := range request.Inputs {
		if in.IDProperty == "" || in.ID == "" {
			return hubspotError(http.StatusBadRequest, "VALIDATION_ERROR", "an input needs id and idProperty")
		}
	}
	results := make([]object, len(request.Inputs))
	for i, in := range request.Inputs {
		results[i] = h.upsertOne(kind, in, at)
	}
	return jsonAnswer(http.StatusOK, object{
		"status": "COMPLETE", "results": results,
		"startedAt": at.UTC().Format(time.RFC3339Nano), "completedAt": at.UTC().Format(time.RFC3339Nano),
	})
}

// upsertOne finds by the unique property, which HubSpot compares without case.
func (h *HubSpot) upsertOne(kind string, in upsertInput, at time.Time) object {
	list := h.objects[kind]
	i := slices.IndexFunc(list, func(o HubSpotObject) bool {
		return strings.EqualFold(o.Properties[in.IDProperty], in.ID)
	})
	isNew := i < 0
	if isNew {
		h.made++
		created := HubSpotObject{
			ID: strconv.Itoa(firstHubSpotID + h.made - 1), Created: at,
			Properties: map[string]string{in.IDProperty: in.ID},
		}
		list = keepLatest(list, maxKept, created)
		h.objects[kind], i = list, len(list)-1
	}
	list[i].Updated = at
	maps.Copy(list[i].Properties, in.Properties)
	return object{
		"id": list[i].ID, "new": isNew, "properties": list[i].Properties, "archived": false,
		"createdAt": list[i].Created.UTC().Format(time.RFC3339Nano), "updatedAt": at.UTC().Format(time.RFC3339Nano),
	}
}

func (h *HubSpot) associate(r *http.Request, _ time.Time) answer {
	contact, company := r.PathValue("contact"), r.PathValue("company")
	if !h.has("contacts", contact) || !h.has("companies", company) {
		return hubspotError(http.StatusNotFound, "OBJECT_NOT_FOUND", "one of the two objects does not exist")
	}
	h.associations[contact] = company
	return jsonAnswer(http.StatusOK, object{"status": "COMPLETE", "results": []object{}})
}

func (h *HubSpot) has(kind, id string) bool {
	return slices.ContainsFunc(h.objects[kind], func(o HubSpotObject) bool { return o.ID == id })
}

func (h *HubSpot) property(r *http.Request, _ time.Time) answer {
	return jsonAnswer(http.StatusOK, object{
		"name": r.PathValue("name"), "type": "string", "fieldType": "text", "hasUniqueValue": true,
	})
}

func hubspotError(status int, category, message string) answer {
	return jsonAnswer(status, object{
		"status": "error", "category": category, "message": message,
		"correlationId": "00000000-0000-4000-8000-000000000000",
	})
}
