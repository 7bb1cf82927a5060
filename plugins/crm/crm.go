package crm

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"

	"github.com/signalbox/signalbox/plugins/internal/outbound"
	"github.com/signalbox/signalbox/sdk"
)

type config struct {
	AccessToken     string `json:"access_token"`
	TestAccessToken string `json:"test_access_token"`
	BaseURL         string `json:"base_url"`
	AccountProperty string `json:"account_property"`
}

type crm struct {
	config
	live *hubspot
	test *hubspot // nil: DEVELOPMENT events call nobody
}

// New returns the plugin.
func New() *sdk.Plugin {
	c := new(crm)
	return &sdk.Plugin{
		Name: "crm",
		Doc:  "Keeps companies and contacts in HubSpot up to date.",
		Config: sdk.Schema{Attrs: []sdk.Attr{
			{Name: "access_token", Type: sdk.String, Required: true, Sensitive: true,
				Doc: "A private app's token with the scopes crm.objects.companies.write, crm.objects.contacts.write and crm.schemas.companies.read."},
			{Name: "test_access_token", Type: sdk.String, Sensitive: true,
				Doc: "A token of a test account: DEVELOPMENT events are played out there. Without it they succeed and nobody is called."},
			{Name: "base_url", Type: sdk.String, Default: "https://api.hubapi.com", Doc: "Where the API is, without /crm."},
			{Name: "account_property", Type: sdk.String, Default: "signalbox_account",
				Doc: "The internal name of the company property that holds the account. Create it in HubSpot first, with the rule that its values are unique."},
		}},
		Validate:  validate,
		Configure: c.configure,
		Check:     c.check,
		Actions: []sdk.Action{
			{
				Name: "upsert_company", Handle: c.upsertCompany,
				Doc: "Creates a company, or changes what is given of one that is there.",
				Input: sdk.Schema{Attrs: []sdk.Attr{
					{Name: "account", Type: sdk.String, Required: true,
						Doc: "What the company is found again by: the account identifier, say. Later events name it too."},
					{Name: "name", Type: sdk.String, Doc: "The company's name."},
					{Name: "domain", Type: sdk.String, Doc: "The company's web domain, such as example.com."},
					{Name: "website", Type: sdk.String, Doc: "The company's web site."},
					{Name: "phone", Type: sdk.String, Doc: "The company's phone number."},
					{Name: "country", Type: sdk.String, Doc: "The company's country."},
					properties(),
				}},
				Output: sdk.Schema{Attrs: []sdk.Attr{
					{Name: "company_id", Type: sdk.String, Required: true, Doc: "The company's id in HubSpot."},
					{Name: "created", Type: sdk.Bool, Required: true, Doc: "Whether the company is new."},
				}},
			},
			{
				Name: "upsert_contact", Handle: c.upsertContact,
				Doc: "Creates a contact, or changes what is given of one that is there, and associates it with a company.",
				Input: sdk.Schema{Attrs: []sdk.Attr{
					{Name: "email", Type: sdk.String, Required: true, Doc: "What the contact is found again by."},
					{Name: "first_name", Type: sdk.String, Doc: "The contact's first name."},
					{Name: "last_name", Type: sdk.String, Doc: "The contact's last name."},
					{Name: "phone", Type: sdk.String, Doc: "The contact's phone number."},
					{Name: "company_id", Type: sdk.String, Doc: "The company to associate the contact with: what upsert_company gave."},
					properties(),
				}},
				Output: sdk.Schema{Attrs: []sdk.Attr{
					{Name: "contact_id", Type: sdk.String, Required: true, Doc: "The contact's id in HubSpot."},
					{Name: "created", Type: sdk.Bool, Required: true, Doc: "Whether the contact is new."},
				}},
			},
		},
	}
}

func properties() sdk.Attr {
	return sdk.Attr{Name: "properties", Type: sdk.Map(sdk.String),
		Doc: "Further properties by their internal names in HubSpot; an empty string clears one."}
}

// propertyName is how HubSpot names properties.
var propertyName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

func validate(v sdk.Values) []sdk.Diagnostic {
	var c config
	if err := v.Decode(&c); err != nil {
		return []sdk.Diagnostic{{Summary: "Invalid configuration", Detail: "A value is not of its type."}}
	}
	out := outbound.CheckURL(c.BaseURL, false, "base_url")
	if c.AccountProperty != "" && !propertyName.MatchString(c.AccountProperty) {
		out = append(out, sdk.Diagnostic{Path: []string{"account_property"}, Summary: "Not a property's internal name",
			Detail: "An internal name has lower-case letters, digits and underscores, and begins with a letter. HubSpot shows it as \"Internal name\"."})
	}
	return out
}

func (c *crm) configure(_ context.Context, v sdk.Values) error {
	if err := v.Decode(&c.config); err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	c.live = newHubspot(c.BaseURL, c.AccessToken)
	if c.TestAccessToken != "" {
		c.test = newHubspot(c.BaseURL, c.TestAccessToken)
	}
	return nil
}

func (c *crm) check(ctx context.Context) error {
	err := c.checkProperty(ctx, c.live)
	if c.test != nil {
		if e := c.checkProperty(ctx, c.test); e != nil {
			err = errors.Join(err, fmt.Errorf("the test account: %w", e))
		}
	}
	return err
}

// checkProperty asks for the property that companies are found by.
func (c *crm) checkProperty(ctx context.Context, h *hubspot) error {
	var p struct {
		HasUniqueValue bool `json:"hasUniqueValue"`
	}
	err := h.call(ctx, http.MethodGet, "/crm/v3/properties/companies/"+url.PathEscape(c.AccountProperty), nil, &p)
	if err != nil {
		return err
	}
	if !p.HasUniqueValue {
		return fmt.Errorf("the company property %q has no rule that its values are unique, so HubSpot can't upsert by it", c.AccountProperty)
	}
	return nil
}

// account returns the HubSpot account that an event belongs in, or nil for none.
func (c *crm) account(e sdk.Event) *hubspot {
	if e.Development() {
		return c.test
	}
	return c.live
}
