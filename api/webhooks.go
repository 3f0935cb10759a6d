package api

import (
	"context"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/webhook"
	"github.com/teahouse-im/teahouse/wire"
)

// Webhooks tells apps' servers what happened. *webhook.Service fits.
type Webhooks interface {
	Put(ctx context.Context, a id.App, url string) (webhook.Endpoint, error)
	Get(ctx context.Context, a id.App) (webhook.Endpoint, bool, error)
	Deliveries(ctx context.Context, a id.App, cursor string, limit int) ([]webhook.Delivery, string, error)
	Replay(ctx context.Context, a id.App, delivery string) error
}

type (
	newEndpoint struct {
		URL string `json:"url" format:"uri" maxLength:"2048" doc:"http or https, at a public address."`
	}
	endpointSet struct {
		URL    string `json:"url"`
		Secret string `json:"secret" doc:"whsec_…: what events are signed with, as Standard Webhooks have it."`
	}
	endpointSeen struct {
		URL string `json:"url"`
	}
	delivery struct {
		ID       string    `json:"id" doc:"The event's webhook-id, the same at every attempt."`
		Type     string    `json:"type" doc:"What happened, such as grant.minted."`
		Status   string    `json:"status" enum:"pending,delivered,failed"`
		Attempts int       `json:"attempts"`
		At       wire.Time `json:"at" doc:"When it happened."`
		Code     int       `json:"code,omitzero" doc:"The status that was answered last."`
		Error    string    `json:"error,omitempty" doc:"Why the last attempt failed."`
	}
)

func (s *server) putWebhook(ctx context.Context, c *call, in newEndpoint) (endpointSet, error) {
	e, err := s.webhooks.Put(ctx, c.app.ID, in.URL)
	return endpointSet(e), err
}

func (s *server) getWebhook(ctx context.Context, c *call, _ none) (endpointSeen, error) {
	e, ok, err := s.webhooks.Get(ctx, c.app.ID)
	if err == nil && !ok {
		err = fault.NotFound
	}
	return endpointSeen{e.URL}, err
}

func (s *server) listDeliveries(ctx context.Context, c *call, _ none) (list[delivery], error) {
	cursor, limit, err := c.page()
	if err != nil {
		return list[delivery]{}, err
	}
	page, next, err := s.webhooks.Deliveries(ctx, c.app.ID, cursor, limit)
	return listOf(each(page, func(d webhook.Delivery) delivery {
		return delivery{string(d.ID), d.Type, d.Status, d.Attempts, wire.Time{Time: d.At}, d.Code, d.Error}
	}), next), err
}

func (s *server) replayDelivery(ctx context.Context, c *call, _ none) (none, error) {
	return none{}, s.webhooks.Replay(ctx, c.app.ID, c.named("delivery"))
}
