package web

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"path"
	"testing"
)

// What others wrote is kept byte for byte as they published it: vendored.json
// says which package, version and file each came from and what its hash is.
func TestVendoredFilesAreAsPublished(t *testing.T) {
	read := func(name string) []byte {
		t.Helper()
		b, err := static.ReadFile(path.Join("static/vendor", name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	var recorded []struct {
		File, Package, Version, Path, SHA256, Licence string
		LicenceFile                                   string `json:"licence_file"`
		LicenceSHA256                                 string `json:"licence_sha256"`
	}
	if err := json.Unmarshal(read("vendored.json"), &recorded); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"vendored.json": true}
	check := func(name, want string) {
		known[name] = true
		sum := sha256.Sum256(read(name))
		if got := hex.EncodeToString(sum[:]); got != want {
			t.Errorf("%s has the hash %s, recorded is %s", name, got, want)
		}
	}
	for _, r := range recorded {
		if r.Package == "" || r.Version == "" || r.Path == "" || r.Licence == "" {
			t.Errorf("%s: where it is from is not recorded", r.File)
		}
		check(r.File, r.SHA256)
		check(r.LicenceFile, r.LicenceSHA256)
	}
	all, err := fs.ReadDir(static, "static/vendor")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if !known[f.Name()] && types[path.Ext(f.Name())] != "" {
			t.Errorf("%s is served and not recorded", f.Name())
		}
	}
}
