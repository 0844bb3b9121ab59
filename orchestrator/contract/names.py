"""Names for runs that nobody named: an adjective and an animal."""

import random

_ADJECTIVES = """
    able agile amber ample apt arctic astute azure balmy basic bold brave breezy bright brisk bronze calm candid
    careful cheerful civil clever coral cosmic cosy crisp curious daring dapper deft dewy eager early earnest easy
    elegant fair famous fearless fine firm fleet fluent fond frank free fresh friendly gallant gentle giddy glad
    golden graceful grand green handy happy hardy hazel hearty hidden honest humble icy ideal ivory jade jolly
    jovial keen kind lively loyal lucid lucky lunar mellow merry mighty mild misty modest mossy neat nimble noble
    olive opal orderly patient peach placid pleasant plucky polite prime prompt proud quick quiet rapid ready
    robust rosy royal ruby rustic sage scarlet serene sharp shiny silent silver sincere sleek smart snowy solar
    solid spry stately steady sturdy sunny swift tame tawny tender thrifty tidy topaz tranquil trusty unique
    upbeat valiant vast velvet vivid warm wary wild willing wise witty young zesty
""".split()

_ANIMALS = """
    adder albatross alpaca ant antelope ape auk badger barracuda bat bear beaver bee beetle bison boar bobcat
    buffalo bullfinch butterfly buzzard camel caracal caribou cat cheetah chinchilla cicada civet cobra cockatoo
    condor coot cormorant cougar coyote crab crane cricket crow cuckoo curlew deer dingo dolphin donkey dormouse
    dove dragonfly duck eagle earwig echidna eel egret eland elephant elk emu ermine falcon ferret finch firefly
    flamingo fox frog gannet gazelle gecko gibbon giraffe gnu goat goldfinch goose gopher grouse gull hamster hare
    hawk hedgehog heron herring hippo hornet horse hoopoe hyena ibex ibis iguana impala jackal jaguar jay kestrel
    kingfisher kiwi koala kudu lark lemming lemur leopard limpet linnet lion lizard llama lobster loon lynx macaw
    magpie mallard manatee mandrill marmot marten meerkat mink mole mongoose moose moth mouse mule mussel narwhal
    newt nightingale ocelot octopus okapi opossum oriole oryx osprey ostrich otter owl oyster panda panther parrot
    partridge peacock pelican penguin pheasant pigeon pika plover pony porcupine puffin puma python quail rabbit
    raccoon raven reindeer robin rook salmon sandpiper seal serval shark sheep shrew skink skunk skylark sloth
    snail snipe sparrow spider squid squirrel starling stoat stork swallow swan swift tapir tern thrush tiger toad
    toucan trout turtle urial viper vole vulture wallaby walrus warbler wasp weasel whale wolf wolverine wombat
    woodpecker wren yak zebra
""".split()


def generate_name() -> str:
    """Two words, such as `amber-dove`."""
    return f"{random.choice(_ADJECTIVES)}-{random.choice(_ANIMALS)}"
