package appdirect

import (
	"net/http"

	"github.com/signalbox/signalbox/router"
)

// basicUsers authenticate by HTTP Basic: the user name tells the product.
type basicUsers map[string]basicUser

type basicUser struct {
	product   string
	passwords []router.Secret // the newest first
}

func (users basicUsers) authenticate(r *http.Request) (product string, err error) {
	name, password, ok := r.BasicAuth()
	if !ok {
		return "", refuseCredential("the user name and the password can't be read")
	}
	user, known := users[name]
	if !known {
		return "", refuseCredential("no product has the user name %q", bounded(name, maxName))
	}
	if find(user.passwords, password) < 0 {
		return "", refuseCredential("the password is not that of the user %q", bounded(name, maxName))
	}
	return user.product, nil
}
