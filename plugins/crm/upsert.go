package crm

import (
	"context"
	"maps"
	"net/http"
	"net/url"

	"github.com/signalbox/signalbox/plugins/internal/outbound"
	"github.com/signalbox/signalbox/sdk"
)

// devPrefix begins the made-up ids of what a DEVELOPMENT event made nowhere.
const devPrefix = "dev_"

func (c *crm) upsertCompany(ctx context.Context, d *sdk.Delivery) sdk.Outcome {
	var in struct {
		Account    string            `json:"account"`
		Name       string            `json:"name"`
		Domain     string            `json:"domain"`
		Website    string            `json:"website"`
		Phone      string            `json:"phone"`
		Country    string            `json:"country"`
		Properties map[string]string `json:"properties"`
	}
	if err := d.Input.Decode(&in); err != nil {
		return unreadable(err)
	}
	if in.Account == "" {
		return sdk.Rejected("invalid_input", "The account is not known to the customer database.", "account is empty")
	}
	type company struct {
		CompanyID string `json:"company_id"`
		Created   bool   `json:"created"`
	}
	h := c.account(d.Event)
	if h == nil {
		return sdk.Succeeded(company{CompanyID: devPrefix + in.Account})
	}
	props := given(in.Properties, map[string]string{
		"name": in.Name, "domain": in.Domain, "website": in.Website, "phone": in.Phone, "country": in.Country,
		c.AccountProperty: in.Account,
	})
	id, created, err := h.upsert(ctx, "companies", c.AccountProperty, in.Account, props)
	if err != nil {
		return outcome("writing the company", err)
	}
	return sdk.Succeeded(company{CompanyID: id, Created: created})
}

func (c *crm) upsertContact(ctx context.Context, d *sdk.Delivery) sdk.Outcome {
	var in struct {
		Email      string            `json:"email"`
		FirstName  string            `json:"first_name"`
		LastName   string            `json:"last_name"`
		Phone      string            `json:"phone"`
		CompanyID  string            `json:"company_id"`
		Properties map[string]string `json:"properties"`
	}
	if err := d.Input.Decode(&in); err != nil {
		return unreadable(err)
	}
	if in.Email == "" {
		return sdk.Rejected("invalid_input", "An e-mail address is needed.", "email is empty")
	}
	type contact struct {
		ContactID string `json:"contact_id"`
		Created   bool   `json:"created"`
	}
	h := c.account(d.Event)
	if h == nil {
		return sdk.Succeeded(contact{ContactID: devPrefix + in.Email})
	}
	props := given(in.Properties, map[string]string{
		"firstname": in.FirstName, "lastname": in.LastName, "phone": in.Phone, "email": in.Email,
	})
	id, created, err := h.upsert(ctx, "contacts", "email", in.Email, props)
	if err != nil {
		return outcome("writing the contact", err)
	}
	if in.CompanyID != "" {
		// The default association of the two; putting it twice is putting it
		// once (HubSpot API, "Associate records (default)").
		path := "/crm/v4/objects/contacts/" + url.PathEscape(id) + "/associations/default/companies/" + url.PathEscape(in.CompanyID)
		if err := h.call(ctx, http.MethodPut, path, nil, nil); err != nil {
			return outcome("associating the contact with its company", err)
		}
	}
	return sdk.Succeeded(contact{ContactID: id, Created: created})
}

// given returns the operator's own properties and, over them, the named ones
// that are not empty: an absent input changes nothing.
func given(own, named map[string]string) map[string]string {
	out := make(map[string]string, len(own)+len(named))
	maps.Copy(out, own)
	for k, v := range named {
		if v != "" {
			out[k] = v
		}
	}
	return out
}

func unreadable(err error) sdk.Outcome {
	return sdk.Rejected("invalid_input", "The request could not be read.", outbound.Reason("reading the input: %v", err))
}
