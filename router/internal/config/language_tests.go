package config

// testsBlock is a file of tests, as `signalbox test` reads it.
func testsBlock() Block {
	return Block{
		Doc: "Tests of a configuration's routes: what becomes of an event, and what its caller is told.",
		Blocks: []Block{{
			Name: "test", Labels: []string{"name"}, Repeats: true,
			Doc:    "An event, what its deliveries come to, and what is expected. Nothing is called.",
			Blocks: []Block{testEventBlock(), givenBlock(), expectBlock()},
		}},
	}
}

func testEventBlock() Block {
	return Block{
		Name: "event", Doc: "The event: written here, or a file with what set puts into it.",
		Attrs: []Setting{
			setting("source", typeText, "The source that it is of. Without it the only one, or the one that knows the type.").as(FormSource),
			setting("type", typeText, "Its type. A file may say it itself."),
			setting("flag", typeText, "The protocol's flag; without it the event is live.").oneOf(testFlags()...),
			setting("payload", typeAny, "The payload, an object."),
			setting("attributes", typeAny, "All else that the protocol says of it, an object."),
			setting("file", typeText, "A document as the protocol sends it, in JSON or XML, or as events show -o json prints it. It is looked for beside the test's file."),
			setting("set", typeAny, `Values that are put into it, by their paths: { "payload.order.editionCode" = "FREE" }.`),
		},
	}
}

func givenBlock() Block {
	return Block{
		Name: "given", Labels: []string{"delivery"}, Repeats: true,
		Doc: "What a delivery comes to. Without it a delivery succeeds, and each text that its action always gives is in parentheses: (customer.customer_id).",
		Attrs: []Setting{
			setting("output", typeAny, "It succeeds, and gives this: an object by the action's output."),
			setting("rejected", typeAny, "The plugin refuses it: { code = …, message = … }. The customer may read the message."),
			setting("exhausted", typeBool, "It is tried in vain until its retries are used up.").otherwise(false),
		},
	}
}

func expectBlock() Block {
	with := setting("with", typeAny, "Inputs that it must be given; others may be as they like. null is absent.")
	with.By = ByAction
	reply := setting("", typeAny, "An attribute of the reply; null is absent.")
	reply.By = ByReply
	return Block{
		Name: "expect", Doc: "What must be so.",
		Attrs: []Setting{setting("routes", typeTexts, "The routes that take the event, all of them. [] is none.")},
		Blocks: []Block{
			{
				Name: "deliver", Labels: []string{"delivery"}, Repeats: true,
				Doc: "A delivery that is made: ROUTE/NAME, or its name where no other route has it.",
				Attrs: []Setting{
					with,
					setting("skipped", typeBool, "It is the event's, and is not made: its condition says no, or what it needs is not there.").otherwise(false),
					setting("absent", typeBool, "It is not the event's: its route does not take the event.").otherwise(false),
				},
			},
			{
				Name: "reply", Doc: "What the event ends with, and what its caller is told.",
				Attrs: []Setting{
					setting("verdict", typeText, "What it comes to.").oneOf(testVerdicts()...),
					setting("code", typeText, "The code of an error: the plugin's after the route's codes, or signalbox's own."),
					setting("message", typeText, "What the caller's customer may read."),
					setting("body", typeText, "What must stand in the response."),
				},
				Any: &reply,
			},
		},
	}
}
