package sandbox

import (
	"archive/zip"
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"net/http"

	"github.com/go-json-experiment/json"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

//go:embed pages
var pages embed.FS

// sample packs the pages of an app to begin with. They ask for notices of two
// templates, which the app has to have handed in.
func (b *Box) sample(w http.ResponseWriter, r *http.Request) {
	templates := map[string]string{}
	for _, name := range []string{"once", "follow"} {
		t, ok := id.ParseTemplate(r.URL.Query().Get(name))
		if !ok {
			refuse(w, http.StatusBadRequest, fault.BadRequest.Saying("once and follow are ids of templates."))
			return
		}
		templates[name] = string(t)
	}
	packed, err := pack(templates)
	if err != nil {
		refuse(w, http.StatusInternalServerError, fault.Internal)
		return
	}
	w.Header().Set("Content-Type", "application/zip")
	_, _ = w.Write(packed)
}

func pack(templates map[string]string) ([]byte, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	files, err := fs.Sub(pages, "pages")
	if err != nil {
		return nil, err
	}
	if err := z.AddFS(files); err != nil {
		return nil, err
	}
	named, err := json.Marshal(templates)
	if err != nil {
		return nil, err
	}
	f, err := z.Create("templates.js")
	if err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintf(f, "const TEMPLATES = %s;\n", named); err != nil {
		return nil, err
	}
	err = z.Close()
	return out.Bytes(), err
}
