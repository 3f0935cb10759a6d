package api

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/miniprogram"
)

const (
	zipType   = "application/zip"
	bytesType = "application/octet-stream"
	// formBytes are what a form has around the file in it.
	formBytes = 8 << 10
)

// readPackage reads a zip that comes as it is or in a form.
func readPackage(x *exchange, r *http.Request) ([]byte, error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != zipType && kind != bytesType && kind != formType || r.Header.Get("Content-Encoding") != "" {
		return nil, errPackage
	}
	most := miniprogram.PackageBytes
	if kind == formType {
		most += formBytes
	}
	raw, err := readBytes(x, r, most)
	switch {
	case err != nil:
		return nil, err
	case len(raw) > most:
		return nil, errPackageSize
	case kind == formType:
		raw, err = onlyFile(multipart.NewReader(bytes.NewReader(raw), params["boundary"]))
	}
	if err == nil && len(raw) == 0 {
		err = fault.BadRequest.Saying("The zip is missing.")
	}
	if err == nil && len(raw) > miniprogram.PackageBytes {
		err = errPackageSize
	}
	return raw, err
}

var errPackageSize = fault.TooLarge.Saying("A package has at most 2 MiB.")

// onlyFile reads the one part of a form, whatever it is called.
func onlyFile(form *multipart.Reader) ([]byte, error) {
	part, err := form.NextPart()
	if err != nil {
		return nil, errBroken
	}
	raw, err := io.ReadAll(part)
	if err != nil {
		return nil, errBroken
	}
	switch _, err := form.NextPart(); err {
	case io.EOF:
		return raw, nil
	case nil:
		return nil, fault.UnknownField.Saying("The form has more than a file.")
	}
	return nil, errBroken
}
