package bench

import (
	"bufio"
	"context"
	"net/http"
	"strconv"
	"strings"
)

// Written is what servers say they have written to sockets.
type written struct{ frames, bytes, writes float64 }

// written asks those servers whose operations listener is known.
func (c *servers) written(ctx context.Context) (w written) {
	for _, n := range c.nodes {
		if n.ops == "" {
			continue
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.ops+"/metrics", nil)
		if err != nil {
			continue
		}
		resp, err := pages.Do(req)
		if err != nil {
			continue
		}
		lines := bufio.NewScanner(resp.Body)
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), " ")
			v, _ := strconv.ParseFloat(value, 64)
			switch name {
			case "teahouse_frames_out_total":
				w.frames += v
			case "teahouse_frames_out_bytes_total":
				w.bytes += v
			case "teahouse_socket_writes_total":
				w.writes += v
			}
		}
		resp.Body.Close()
	}
	return w
}

func (w written) less(o written) written {
	return written{w.frames - o.frames, w.bytes - o.bytes, w.writes - o.writes}
}

func (w written) plus(o written) written {
	return written{w.frames + o.frames, w.bytes + o.bytes, w.writes + o.writes}
}
