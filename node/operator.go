package node

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// operatorFile is where a data folder keeps the operator's credential.
const operatorFile = "operator.token"

// OperatorToken reads the operator's credential from a data folder.
func OperatorToken(data string) (string, error) {
	b, err := os.ReadFile(filepath.Join(data, operatorFile))
	return strings.TrimSpace(string(b)), err
}

// operatorToken reads the credential, or makes it at the first start: 256
// random bits, readable by the owner of the folder only.
func operatorToken(data string) (string, error) {
	token, err := OperatorToken(data)
	if err == nil && token != "" {
		return token, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the operator's token: %w", err)
	}
	var secret [32]byte
	rand.Read(secret[:])
	token = base64.RawURLEncoding.EncodeToString(secret[:])
	if err := os.WriteFile(filepath.Join(data, operatorFile), []byte(token+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keep the operator's token: %w", err)
	}
	return token, nil
}
