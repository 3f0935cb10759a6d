package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/teahouse-im/teahouse/client"
)

// A program that answers whoever writes to it.
func Example() {
	ctx := context.Background()
	at := client.Server{URL: "http://127.0.0.1:8080"}
	api, err := client.NewAPI(at)
	if err != nil {
		log.Fatal(err)
	}
	me, err := api.SignIn(ctx, "waiter", "a long password", "kitchen")
	if err != nil {
		log.Fatal(err)
	}
	c, err := client.Dial(ctx, client.Options{Server: at, Token: me.Token, Device: "kitchen"})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	for event := range c.Events(ctx) {
		switch e := event.(type) {
		case client.NewEntry:
			if e.Kind == "text" && e.From != me.User {
				// The answer reaches the server however often the connection is lost.
				if _, err := c.Post(client.Message{Stream: e.Stream, Body: client.Text{Text: "Coming!", ReplyTo: e.Seq}}); err != nil {
					log.Print(err)
				}
			}
		case client.StateChange:
			fmt.Println(e.State, e.Err)
		}
	}
	log.Print(c.Err())
}
