package config

import "github.com/signalbox/signalbox/router"

// What the blocks are read by that a configuration has thousands of. They are
// made once, and never change.
var (
	routeBody   = routeBlock().body()
	routesBody  = Block{Blocks: []Block{routeBlock()}}.body()
	forEachBody = Block{Attrs: []Setting{forEachSetting()}}.body()
	deliverBody = deliverBlock().body()
	retryBody   = retryBlock().body()
)

// routeBlock is a route, with all that stands in it.
func routeBlock() Block {
	return Block{
		Name: "route", Labels: []string{"name"}, Repeats: true,
		Doc: "Which events go where. Routes are asked in file order; every one that matches takes the event.",
		Attrs: []Setting{
			setting("from", typeTexts, "The sources whose events it takes; source."+ownSource+" has the failures.").as(FormSource).must(),
			setting("on", typeTexts, "The event types that it takes. Without it every type.").as(FormEvent),
			setting("when", typeBool, "Whether it takes an event. Without it every event.").sees("event"),
			setting("final", typeBool, "Keep what it takes from the routes that follow.").otherwise(false),
			forEachSetting(),
			setting("codes", typeMap, "From a plugin's error codes to the protocol's.").as(FormCode),
		},
		Blocks: []Block{deliverBlock("event", "deliver"), onFailureBlock(), replyBlock(), throttleBlock()},
	}
}

func forEachSetting() Setting {
	return setting("for_each", typeAny, "A map, an object or a list of texts, known at load: one route NAME[KEY] for each element, which it sees as each.key and each.value.")
}

// deliverBlock is a delivery whose expressions see these names.
func deliverBlock(sees ...string) Block {
	policy := router.DefaultPolicy()
	return Block{
		Name: "deliver", Labels: []string{"name"}, Repeats: true,
		Doc: "One call of a plugin's action. It waits for the deliveries whose outputs it refers to.",
		Attrs: []Setting{
			setting("to", typeText, "The action to call.").as(FormAction).must(),
			withSetting().sees(sees...),
			setting("when", typeBool, "Whether it runs; otherwise it is skipped.").sees(sees...),
			setting("optional", typeBool, "Its failure does not make the event fail.").otherwise(false),
			setting("ordered", typeBool, "It waits for the event's turn in its lane.").otherwise(true),
			setting("timeout", typeText, "For how long one attempt may run.").as(FormDuration).otherwise(WriteDuration(policy.Timeout)),
		},
		Blocks: []Block{retryBlock()},
	}
}

func withSetting() Setting {
	with := setting("with", typeAny, "The action's inputs, an object.")
	with.By = ByAction
	return with
}

func retryBlock() Block {
	policy := router.DefaultPolicy()
	return Block{
		Name: "retry", Doc: "How often a delivery is tried that was not refused.",
		Attrs: []Setting{
			setting("attempts", typeNumber, "How often at most. Without it as often as fit within."),
			setting("initial", typeText, "The wait after the first attempt; it doubles with each.").as(FormDuration).otherwise(WriteDuration(policy.Initial)),
			setting("max", typeText, "The longest wait.").as(FormDuration).otherwise(WriteDuration(policy.Max)),
			setting("within", typeText, "For how long, from the first attempt on.").as(FormDuration).otherwise(WriteDuration(policy.Within)),
		},
	}
}

func onFailureBlock() Block {
	return Block{
		Name: "on_failure", Doc: "What to do when the event has failed.",
		Blocks: []Block{deliverBlock("event", "deliver", "failure")},
	}
}

func replyBlock() Block {
	value := setting("", typeAny, "A value of the answer that the caller gets.").sees("event", "deliver")
	value.By = ByReply
	return Block{Name: "reply", Doc: "What the answer to the caller carries.", Any: &value}
}

func throttleBlock() Block {
	return Block{
		Name: "throttle", Doc: "Tell the first of many failures at once, and sum up what follows. For routes from source." + ownSource + " only.",
		Attrs: []Setting{
			setting("every", typeText, "How often it may be told.").as(FormDuration).must(),
			setting("by", typeText, "What failures are alike by. Without it all of the route are.").sees("event"),
		},
	}
}
