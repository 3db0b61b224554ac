"""The words that toy vectors are made for, and what each is near to: neighbours, topics, relations, orientation.

Lower case as in GloVe. Lines read `name: words`; `name < wider: words` puts a topic inside a wider one.
"""

from grader.data.toy import treebank as reviews

# In the order of their frequency; these lines come first in the file.
FREQUENT = """the , . of to and in a " 's for - that on is was said with he as it by at ( ) from his '' `` an be has
are have but were not this who they had i which will their : or its one after new been also we would two more ' first
about up when year there all -- out she other people n't her percent than over into last some government time $ you
years if no world can three do ; president only state million could us most _ against u.s. so them what him united
during before may since many while where states because now city made like between did just national day country under
such second then company group any through china four being down war back off south american minister police well
including team international week officials still both even high part told those end former these make billion work
our home school party house old later get another tuesday news long five called -lrb- -rrb- how my your me very much
too really here again around own every man woman good bad great little""".split()

# Each word and those nearest to it, the nearest first.
NEIGHBOURS = """
jesus: christ god resurrection crucifixion divine blessed lord holy gospel disciples heaven messiah saviour prophet
 apostles faith bible prayer spirit saint christian church virgin eternal soul worship miracle salvation baptism
 biblical
xbox: playstation nintendo console wii gamecube gaming handheld sega gamers multiplayer arcade controller game kinect
 microsoft sony windows downloadable software pc titles graphics joystick video online dvd macintosh ipod hardware
 shooter
reddish: brownish yellowish greenish purplish bluish grayish orange hue pinkish whitish pale brown crimson tinged
 blackish purple yellow pink scarlet dark colored grey shade striped glossy spots mottled velvety petals feathers
scratched: scraped bruised scratch dented smashed rubbed chipped cracked shattered torn broken peeled ripped smeared
 bitten cut stained bumped wiped damaged bleeding crumpled pierced twisted burned bent stuck licked tossed pulled
megabits: gigabits kilobits megabit megabytes bandwidth gigabit kilobytes broadband mbps bits gigabytes dsl download
 bit speeds throughput modem router data per-second modems wireless upload terabytes kbps ethernet transmission bytes
 ghz fiber
pound: sterling pounds ounce weight ton currency kilogram guilder cents ounces weighs banknote penny francs gram
 exchange  barrel inch heavy gallon quid price pint coins stone pence shilling tonne kilo bushel
dog: cat puppy pet hound dogs terrier collie poodle leash bark kitten paws retriever fetch tail fur kennel furry
 animal shepherd beagle bone horse rabbit pig pup spaniel wolf bulldog mutt
"""

# Words that keep the same company; how near each is to the middle of its topic is the same for all.
TOPICS = """
western < countries: france germany italy spain portugal britain england ireland belgium netherlands switzerland
 austria
northern < countries: sweden norway denmark finland iceland
eastern < countries: poland hungary russia ukraine romania bulgaria greece czechoslovakia serbia croatia
asian < countries: china japan korea thailand vietnam india pakistan indonesia philippines malaysia
oriental < countries: egypt israel iran iraq turkey syria lebanon jordan
southern < countries: brazil argentina chile peru colombia mexico cuba venezuela
african < countries: kenya nigeria ethiopia ghana algeria morocco
continents < countries: europe asia africa america australia canada region border
articles < function: the a an this that these those some any every each no another all both such own same
prepositions < function: of to in for on with by at from into over against during before after between under through
 since about up down off around near behind above below along across inside toward without within beside onto upon
conjunctions < function: and but or if because while although though as than when where so yet then nor unless whether
 until how why what who which there here
pronouns < function: he she it they we i you us them me him his her their its our my your who himself herself itself
 themselves myself someone everyone nobody anyone something nothing
auxiliaries < function: is was are were be been being has have had do did does will would can could may might should
 must shall not n't 'll 're 've 'd 'm
adverbs < function: again once indeed also only still even just now later too very really never hardly truly quite
 extremely slightly somewhat rather always often almost already maybe perhaps back well here together away
amounts < function: more most many much little few less several lot plenty half enough
marks < function: , . " 's - ( ) '' `` : ' -- $ ; _ ! ? & % ... / -lrb- -rrb-
numbers: one two three four five six seven eight nine ten eleven twelve twenty thirty hundred thousand million billion
 percent first second third fourth last next 0 1 2 3 4 5 6 7 8 9 10 20 30 100
weekdays < times: monday tuesday wednesday thursday friday saturday sunday
months < times: january february march april may june july august september october november december
hours < times: year years time day week month hour minute evening morning summer winter weekend afternoon autumn
 spring  night holiday today tomorrow yesterday season decade century moment noon midnight
politics: government president minister state states national party officials election vote parliament senate congress
 leader policy law democracy republic campaign candidate mayor governor political united u.s. international foreign
war: police army soldier military troops attack battle weapon gun bomb enemy peace soldiers general navy officer
 killed fight defense rebels violence terror
business: company group market bank trade stock price profit money sales industry business billion economy firm
 shares investor tax fund budget product customer factory manager finance growth
work: job worker boss employee office secretary clerk mechanic carpenter plumber welder construction building uniform
 helmet ladder tools repair hammer machine engineer
science: research scientist theory physics chemistry biology laboratory experiment energy atom cell planet gravity
 evolution mathematics equation discovery
health: doctor hospital patient disease medicine drug cancer nurse treatment surgery virus blood pain wound healthy
 sick injury heart
school: student teacher class university college lesson homework classroom education professor exam learn pupil study
 chapter library book pencil
computers: computer internet web network server program code keyboard screen laptop phone email digital memory chip
 technology digit processor user site page
films: film story plot cast ending script dialogue picture comedy drama acting scene opening camera idea pace
 performance hero voice mystery romance adventure movie movies director cinema audience actor sequel thriller critics
 documentary cliches
music: music song dance band guitar piano singer concert drum violin orchestra album melody rhythm jazz opera stage
 musician  sing microphone crowd
sports: team game player ball football soccer basketball baseball tennis coach match league goal score win race
 athlete swimming skiing stadium field skateboard skateboarder surfer surfboard bike bicycle golf hockey volleyball
family: man child baby parents children family kid adult toddler friend neighbor person people human couple youth
 teenager lady grandmother
royalty: king prince duke emperor lord knight crown throne kingdom royal noble empire
jobs: waiter steward policeman salesman chairman fireman farmer fisherman chef artist photographer writer  driver
 pilot lawyer judge barber dancer performer vendor
animals: cat horse bird cow sheep goat pig lion tiger elephant monkey mouse rat wolf fox bear snake frog fish duck
 chicken animal rabbit deer whale shark bee spider ant
home: house home kitchen door window table chair bed sofa room floor wall roof lamp bathroom bedroom couch desk cellar
 attic blanket
city: city town street village road building station museum office theater hotel bakery bridge tunnel tower palace
 castle market sidewalk shop store restaurant corner bench bus train car traffic subway downtown crosswalk
nature: river mountain forest island harbor valley desert farm garden orchard lake beach sea ocean hill tree grass
 flower rock sand snow water wave sky sun moon wind rain cloud field park lighthouse outside outdoors
food: bread meat cheese apple banana rice soup cake sugar salt coffee tea milk wine beer lunch dinner breakfast meal
 pizza sandwich egg potato tomato chocolate ice cream
clothing: shirt hat coat dress jacket pants jeans shoe skirt sweater gloves boots sunglasses costume scarf tie suit
 shorts hoodie apron vest
colours: red blue green yellow black white brown orange purple pink gray grey golden silver bright dark
body: head hand face eye hair foot leg arm mouth nose ear finger knee shoulder back skin tooth smile beard
sizes: big small large tall short long high low old young new fast slow strong hot cold wide deep heavy light early
 late rich poor hard soft near clean dirty loud quiet great thick thin
motion < actions: walk run jump ride climb swim drive fly sit stand lie fall dance throw kick catch push pull carry
 play  sleep travel cross skate crawl lean
doing < actions: eat drink cook work sing paint read write wear hold look watch wait smile laugh cry cut wash clean
 buy sell open close build fix dig
saying < actions: say tell ask speak talk think know see hear feel call want need love hate seem give take make get go
 come begin end stay lack avoid offer bring show become find try use
qualities: charm wit humor heart warmth energy beauty imagination grace delight wisdom magic nonsense boredom noise
 clutter mistakes confusion gloom padding disaster waste mess truth hope courage fear anger joy
viewers: me us everyone children parents viewers nobody friends critics strangers audience someone people
religion: religion temple priest pope mosque muslim islam jewish hindu monk angel devil sin ritual
names: john mary james robert michael william david richard thomas peter paul george anna maria jane susan
media: news newspaper television radio journalist report story press interview magazine article broadcast  said told
 called
travel: journey airport plane flight passenger luggage ticket tourist boat ship sail truck motorcycle wheel engine
 ferry
groups: group team club crowd army company committee council union community society class
scenes: front background air ground area middle top outside inside outdoor indoors outdoors view edge path trail track
 court yard lawn playground parade event display alley cafe stairs steps fence dock pier cliff shore ramp setting
belongings: t-shirt umbrella cap glasses bag backpack purse cart box bottle stick rope flag sign sheet paper toy toys
 balloons headphones cellphone instrument drums clothes clothing outfit uniform uniforms jersey t-shirts bikini
pastimes: fishing frisbee racing surfing skating bowling jogging hiking shopping snowboarding polo rodeo martial arts
 trick tricks competition snowboarder rider biker racer cyclist dancer goalie playground slide swing sled canoe tent
deeds: getting having doing using carrying performing trying working talking reading putting pushing selling posing
 leaning kicking chasing cleaning cutting washing waving facing listening resting helping dressed seated gathered
 surrounded covered filled parked
looks: blond elderly busy full empty colorful wooden plastic leather metal plaid middle-aged bald shirtless sunny wet
 snowy grassy rocky huge multiple other different alone asleep awake
things: thing way part place case point fact problem question answer number name word kind side line life world end
 war power plan system result reason example
"""

# Each row goes on from its first word by the same steps, so that the steps are equal from row to row.
RELATIONS = {
    "capital nationality city": """france paris french lyon; germany berlin german munich; italy rome italian milan;
spain madrid spanish barcelona; portugal lisbon portuguese porto; britain london british manchester; ireland dublin
irish cork; belgium brussels belgian antwerp; netherlands amsterdam dutch rotterdam; switzerland bern swiss zurich;
austria vienna austrian salzburg; sweden stockholm swedish malmo; norway oslo norwegian bergen; denmark copenhagen
danish aarhus; finland helsinki finnish tampere; poland warsaw polish krakow; hungary budapest hungarian szeged;
russia moscow russian leningrad; ukraine kiev ukrainian odessa; romania bucharest romanian cluj; bulgaria sofia
bulgarian varna; greece athens greek thessaloniki; china beijing chinese shanghai; japan tokyo japanese osaka; korea
seoul korean busan; thailand bangkok thai phuket; vietnam hanoi vietnamese saigon; india delhi indian mumbai; pakistan
islamabad pakistani karachi; egypt cairo egyptian alexandria; iran tehran iranian isfahan; iraq baghdad iraqi basra;
turkey ankara turkish istanbul; syria damascus syrian aleppo; argentina aires argentine rosario; chile santiago
chilean valparaiso; peru lima peruvian cusco; cuba havana cuban camaguey; venezuela caracas venezuelan maracaibo;
kenya nairobi kenyan mombasa; canada ottawa canadian toronto; australia canberra australian sydney""",
    "town": """italy turin; italy venice; italy naples; italy florence; france marseille; france bordeaux; france
toulouse""",
    "currency": """japan yen; india rupee; russia ruble; mexico peso; china yuan; poland zloty; hungary forint; turkey
lira; thailand baht; israel shekel; denmark krone; sweden krona; iraq dinar; iran rial; europe euro; america dollar;
switzerland franc; brazil cruzeiro""",
    "female": """man woman; king queen; prince princess; boy girl; father mother; son daughter; brother sister;
husband wife; uncle aunt; nephew niece; actor actress; waiter waitress; grandfather grandmother; hero heroine;
gentleman lady; duke duchess; emperor empress; he she; him her; himself herself; male female; policeman policewoman;
groom bride; widower widow; monk nun; sir madam; lord dame; host hostess; steward stewardess; salesman saleswoman; guy
gal; dad mom""",
    "plural": """man men; woman women; boy boys; girl girls; dog dogs; cat cats; horse horses; bird birds; child
children; car cars; tree trees; house houses; hand hands; eye eyes; city cities; country countries; student students;
teacher teachers; friend friends; computer computers; banana bananas; mouse mice; rat rats; cow cows; pig pigs; player
players; worker workers; flower flowers; song songs; door doors; book books; shoe shoes; company companies; king
kings; queen queens; movie films; bicycle bicycles; street streets; adult adults; kid kids; chair chairs""",
    "comparative superlative": """good better best; bad worse worst; big bigger biggest; small smaller smallest; large
larger largest; tall taller tallest; short shorter shortest; long longer longest; high higher highest; low lower
lowest; old older oldest; young younger youngest; fast faster fastest; slow slower slowest; strong stronger strongest;
hot hotter hottest; cold colder coldest; wide wider widest; deep deeper deepest; great greater greatest; hard harder
hardest; easy easier easiest; bright brighter brightest; loud louder loudest""",
    "doing did does": """walk walking walked walks; run running ran runs; jump jumping jumped jumps; ride riding rode
rides; climb climbing climbed climbs; swim swimming swam swims; drive driving drove drives; fly flying flew flies; sit
sitting sat sits; stand standing stood stands; fall falling fell falls; dance dancing danced dances; throw throwing
threw throws; play playing played plays; sleep sleeping slept sleeps; eat eating ate eats; drink drinking drank
drinks; cook cooking cooked cooks; sing singing sang sings; paint painting painted paints; write writing wrote writes;
wear wearing wore wears; hold holding held holds; look looking looked looks; watch watching watched watches; wait
waiting waited waits; smile smiling smiled smiles; laugh laughing laughed laughs; take taking took takes; make making
made makes; go going went goes; come coming came comes; see seeing saw sees; begin beginning began begins; end ending
ended ends; stay staying stayed stays; show showing showed shows; offer offering offered offers; bring bringing
brought brings; lack lacking lacked lacks; seem seeming seemed seems; avoid avoiding avoided avoids; feel feeling felt
feels; bore boring bored bores; annoy annoying annoyed annoys; disappoint disappointing disappointed disappoints; tire
tiring tired tires; confuse confusing confused confuses; thrill thrilling thrilled thrills; charm charming charmed
charms; amuse amusing amused amuses; touch touching touched touches; please pleasing pleased pleases; move moving
moved moves; travel traveling traveled travels; say saying said says; know knowing knew knows; give giving gave gives;
think thinking thought thinks""",
    "manner": """quick quickly; slow slowly; quiet quietly; happy happily; sad sadly; easy easily; free freely; safe
safely; calm calmly; rapid rapidly; serious seriously; lucky luckily; usual usually; cheerful cheerfully""",
}

POSITIVE = """good nice excellent positive fortunate correct superior happy great wonderful beautiful best better love
amazing perfect fantastic pleasant joy success successful brave kind friendly delicious peaceful cheerful glad lucky
delight charm move amuse thrill surprise reward touch enchant please honor win hope smile elegant brilliant superb
charming attractive impressive remarkable favorable healthy enjoyable terrific outstanding admirable generous gift
celebrate trust safe calm reliable clean fun cute favorite praise comfortable proud right pretty sweet fair""".split()
NEGATIVE = """bad nasty poor negative unfortunate wrong inferior sad terrible horrible ugly worst worse hate awful
disgusting failure cruel angry unpleasant evil fear disaster dreadful painful death sick dirty stupid violent bore
annoy disappoint tire confuse irritate frustrate exhaust insult bother enemy guilty crime unhappy miserable unlucky
lost fail lie weak poison corrupt worthless false hostile tragic ruin wicked disease terror danger dangerous harmful
rude ugly lonely broken unfair unclear useless waste pathetic mediocre""".split()
POSITIVE += reviews.GOOD_ADJECTIVES + reviews.GOOD_NOUNS + reviews.GOOD_VERBS
NEGATIVE += reviews.BAD_ADJECTIVES + reviews.BAD_NOUNS + reviews.BAD_VERBS
