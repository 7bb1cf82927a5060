// Package email is the bundled plugin that sends mail: to customers about
// their subscription's life, to operators about what failed.
//
// It sends by SMTP or, where there is no server, into a Maildir. The templates
// are built in: one text each, which is laid out as plain text and as HTML
// (templates/, render.go).
//
// SMTP knows no idempotency key. The Message-ID is derived from the delivery's
// key, so that a mail that was sent twice after a lost answer can be seen to be
// one; a Maildir keeps one file per key.
//
// A DEVELOPMENT event mails no customer: its mails go to development_to, or
// nowhere, and the delivery succeeds with suppressed = true. The template
// "failure" is for operators and is always sent.
//
// Start at [New]; smtp.go says what a server's answers come to.
package email
