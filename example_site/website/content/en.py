"""The English site."""

COLLECTION = "Guides in English"

HOME = {
    "title": "Home",
    "slug": "home-en",
    "seo_title": "Independent home energy advice",
    "heading": "A warm house starts with a good plan",
    "introduction": "Insulation, heat pumps, solar panels: we work out what your house needs, in which order, and what it will cost. Then you choose who does the work.",
    "image": "canal-street-at-dusk",
    "alt": "A row of canal houses at dusk with warm light behind the windows",
    "body": [
        (
            "steps",
            "How we work",
            [
                (
                    "We come and look",
                    "An adviser spends two hours in your house, from the crawl space to the ridge, with a thermal camera and a notebook.",
                ),
                (
                    "You get a plan",
                    "Within ten days you have a plan in plain language: what first, what later, what it costs and what it saves.",
                ),
                (
                    "You compare quotes",
                    "We read the installers’ quotes with you and tell you what is missing, and what you do not need.",
                ),
            ],
        ),
        (
            "quote",
            "We had three quotes for a heat pump on the table. Lindehaag told us to do the floor and the glass first. We ended up with a pump half the size.",
            "Marjan and Paul",
            "1930s semi-detached house, Amersfoort",
        ),
        (
            "numbers",
            [
                ("4,100", "houses visited since 2012"),
                ("11", "advisers, all on the payroll"),
                ("0", "euros of commission from installers"),
            ],
        ),
    ],
}

GUIDES = {
    "title": "Guides",
    "slug": "guides",
    "introduction": "Free guides you can print and take to the attic. Written by the advisers who come to people’s houses, and brought up to date every spring.",
}

GUIDE_PAGES = {
    "insulation": {
        "title": "Insulate first: a plan for every part of the house",
        "slug": "insulate-first",
        "topic": "Insulation",
        "introduction": "Roof, walls, floor, glass: which comes first depends on your house, not on who rings your doorbell. This guide helps you put them in order.",
        "image": "insulated-cavity-wall",
        "alt": "Section through an insulated wall: snow outside, a sofa with a sleeping cat inside",
        "body": [
            (
                "text",
                "<h2>What you will find in it</h2><p>Every house loses heat in its own way. A corner house from 1935 has other weak spots than an upstairs flat from 1985. The guide takes you through the house from top to bottom and shows for each part how to see what is there, what can be added, and what to expect of it.</p><ul><li>How to find out in one afternoon what is already insulated</li><li>The right order, with the reason behind it</li><li>What each measure costs for a terraced house, roughly</li><li>Where damp comes from, and how to stay ahead of it</li></ul>",
            ),
            (
                "tip",
                "Do this before you read on",
                "<p>Look up the year your house was built. Before 1975 insulation was rare, after 1992 it was compulsory, and in between anything is possible.</p>",
            ),
            (
                "text",
                "<h2>For whom</h2><p>For owners of a house built before 2000 who do not know where to begin. You need no technical knowledge, but a torch and a stepladder will help.</p>",
            ),
        ],
    },
    "heat-pump": {
        "title": "Is your house ready for a heat pump?",
        "slug": "ready-for-a-heat-pump",
        "topic": "Heat pumps",
        "introduction": "Six questions and one simple test tell you whether a heat pump will keep your house warm, and whether it should be a hybrid or a full one.",
        "image": "heat-pump-in-the-garden",
        "alt": "A white heat pump on a garden slab against a brick house, with bushes in flower",
        "body": [
            (
                "text",
                "<h2>What you will find in it</h2><p>A heat pump gives a lot of lukewarm water instead of a little hot water. So the question is not whether your house is new enough, but whether lukewarm water can keep it warm. That is something you can test yourself.</p><ul><li>The 50-degree test, step by step</li><li>Hybrid or full: how to choose</li><li>Where the outdoor unit can stand, and how much noise it may make</li><li>Twelve questions for the installer</li></ul>",
            ),
            (
                "quote",
                "The best heat pump is the smallest one that keeps you warm. Everything you insulate first makes it smaller.",
                "Ruben Kaya",
                "adviser at Lindehaag",
            ),
            (
                "text",
                "<h2>For whom</h2><p>For anyone whose boiler is older than ten years. Deciding calmly now is better than deciding in a cold week in January.</p>",
            ),
        ],
    },
    "solar": {
        "title": "Solar panels without the sales talk",
        "slug": "solar-without-the-sales-talk",
        "topic": "Solar panels",
        "introduction": "How many panels, facing which way, and what do they earn now that the rules are changing? A sober guide with worked examples.",
        "image": "solar-roof",
        "alt": "Eighteen solar panels on a red tiled roof with a chimney and a dormer window",
        "body": [
            (
                "text",
                "<h2>What you will find in it</h2><p>Covering the whole roof was long the standard advice. Now that what you feed back into the grid is worth much less than what you use yourself, it pays to look closer.</p><ul><li>How to estimate what you use between ten and four</li><li>East-west or south: why it matters less than you think</li><li>Three worked examples, for a flat, a terraced house and a family with an electric car</li><li>What to read in a quote, and what is a reason to walk away</li></ul>",
            ),
            (
                "tip",
                "A rule of thumb",
                "<p>Start with the number of panels that makes in a year about 70 percent of the electricity you use. You can add to that, but taking some away is hard.</p>",
            ),
            (
                "text",
                "<h2>For whom</h2><p>For people with a roof and doubts. Tenants and members of an owners’ association will find a section of their own at the back.</p>",
            ),
        ],
    },
    "money": {
        "title": "Paying for it: grants, loans and payback time",
        "slug": "paying-for-it",
        "topic": "Money",
        "introduction": "What does it cost, what do you get back and where does the money come from? With a sheet on which you do the sums for your own house.",
        "image": "sums-at-the-table",
        "alt": "A desk with a calculator, coins, coffee and a sheet on which the bars get lower",
        "body": [
            (
                "text",
                "<h2>What you will find in it</h2><p>Nobody insulates a house for the fun of the paperwork. This guide keeps it short: what kinds of support there are, when you must apply (often <em>before</em> the work begins, sometimes after) and how to work out what a measure brings you each year.</p><ul><li>The four sources of money side by side</li><li>A calendar: what to apply for and when</li><li>A worksheet for payback time, with an example filled in</li><li>Which papers to keep, and for how long</li></ul>",
            ),
            (
                "tip",
                "Amounts change",
                "<p>Grants change every year. The guide explains how they work; check the amounts with your municipality before you sign.</p>",
            ),
            (
                "text",
                "<h2>For whom</h2><p>For anyone with a quote on the table who wonders whether it is worth it. Comfort does not fit in a sum, but it does count.</p>",
            ),
        ],
    },
}

ARTICLES = {
    "title": "Articles",
    "slug": "articles",
    "introduction": "What we come across in people’s houses, what we measure there and what we learn from it.",
}

ARTICLE_PAGES = {
    "net-metering": {
        "title": "What changes when net metering ends",
        "slug": "what-changes-when-net-metering-ends",
        "days_ago": 4,
        "author": "Ruben Kaya",
        "guide": "solar",
        "tags": ["solar", "money"],
        "introduction": "From January, electricity you feed back no longer cancels out electricity you draw later. Your panels still pay, but in another way.",
        "image": "house-and-grid",
        "alt": "A house with solar panels, an electricity meter and a pylon, with arrows going both ways",
        "body": [
            (
                "text",
                "<p>For twenty years the grid worked like a free battery. What your roof made in July you used in December, and at the end of the year only the difference was on the bill. That ends on 1 January 2027 in the Netherlands. From then on, electricity you use at once is worth what you would have paid for it, and the rest brings in a modest fee.</p><h2>Use it while the sun shines</h2><p>A household that is out all day uses some 30 percent of its solar power directly. With a few habits that becomes 45 percent: the dishwasher at noon, the washing machine on a timer, the boiler heated in the afternoon. None of that costs money.</p>",
            ),
            (
                "numbers",
                [
                    ("30%", "used directly without doing anything"),
                    ("45%", "with timers and a few habits"),
                    ("60%", "with an electric car at the door"),
                ],
            ),
            (
                "text",
                "<h2>Should you buy a battery?</h2><p>For most houses we say: not yet. A battery carries power from noon to evening, but not from summer to winter. With today’s prices it takes longer than its guarantee to pay for itself. Those with a dynamic contract and a large car battery get there sooner.</p><h2>And what if you have no panels yet?</h2><p>Then begin smaller. Eight panels that work for your own use do more for you than sixteen that mostly feed the neighbourhood.</p>",
            ),
        ],
    },
    "thermal": {
        "title": "What a thermal camera does and does not tell you",
        "slug": "what-a-thermal-camera-tells-you",
        "days_ago": 13,
        "author": "Ilse Brandsma",
        "guide": "insulation",
        "tags": ["insulation", "measuring"],
        "introduction": "A glowing yellow patch looks alarming. Often it is a leak, sometimes only the morning sun. How our advisers read the picture.",
        "image": "thermal-image",
        "alt": "The front of a house seen half in ordinary colours and half through a thermal camera",
        "body": [
            (
                "text",
                "<p>A thermal camera does not see cold or draughts. It sees how much heat a surface gives off, and turns that into a colour. Whoever wants to know what the colour means has to know what the sun, the wind and the occupants have been doing.</p><h2>Three mistakes we see a lot</h2><ol><li><strong>Pictures taken in the afternoon.</strong> A wall that has been in the sun stays warm for hours. We come before sunrise.</li><li><strong>Glass.</strong> It reflects. What glows in the window may be the neighbour’s chimney.</li><li><strong>Too little difference.</strong> Below ten degrees between inside and outside, the picture says next to nothing.</li></ol>",
            ),
            (
                "tip",
                "Feel for yourself",
                "<p>On a windy evening, run a wet hand along skirting boards, sockets and the attic hatch. It is as good as a camera of three thousand euros.</p>",
            ),
            (
                "text",
                "<h2>When it is worth it</h2><p>A thermal picture is at its best <em>after</em> the work. It shows within a minute where the installer has skipped a corner. Ask for one as part of the delivery; a good firm does not mind.</p>",
            ),
        ],
    },
    "fifty-degrees": {
        "title": "The 50-degree test: one cold evening is enough",
        "slug": "the-50-degree-test",
        "days_ago": 22,
        "author": "Ruben Kaya",
        "guide": "heat-pump",
        "tags": ["heat pumps", "measuring"],
        "introduction": "Turn the water in your radiators down to 50 degrees and see whether the house stays warm. It costs nothing and tells you more than any calculation.",
        "image": "fifty-degrees",
        "alt": "A large thermostat at fifty degrees beside a window with snow outside",
        "body": [
            (
                "text",
                "<p>Most boilers leave the factory set to 80 degrees. Hardly any house needs that. A heat pump is happiest below 50. So the best preparation is to pretend: set the boiler to 50 and live like that for a week.</p>",
            ),
            (
                "steps",
                "How to do it",
                [
                    (
                        "Choose a cold day",
                        "Below five degrees outside, the colder the better. A mild day proves nothing.",
                    ),
                    (
                        "Set the boiler to 50",
                        "Turn down the water for heating, not the hot tap water: that must stay at 60.",
                    ),
                    (
                        "Open the radiators",
                        "All valves fully open, and leave the thermostat alone, at night too.",
                    ),
                    (
                        "Write it down",
                        "Note the temperature in each room at breakfast and at nine in the evening.",
                    ),
                ],
            ),
            (
                "text",
                "<h2>What the outcome means</h2><p>Does the house stay warm? Then you are ready for a heat pump, and you use less gas from today on. Is one room too cold? Then a bigger radiator or a few small fans will do. Are all rooms too cold? Then insulate first and repeat the test next winter.</p>",
            ),
            (
                "quote",
                "We did the test out of curiosity. The house stayed warm, and the gas bill went down by eight percent. Nobody had ever told us.",
                "Yusuf",
                "terraced house from 1988, Zwolle",
            ),
        ],
    },
    "terraced": {
        "title": "A terraced house from 1974, three years later",
        "slug": "a-terraced-house-three-years-later",
        "days_ago": 34,
        "author": "Ilse Brandsma",
        "guide": "money",
        "tags": ["insulation", "stories", "money"],
        "introduction": "Three years ago we drew up a plan for the Van Dijk family. What did they do, what did it cost and would they do it again?",
        "image": "terraced-houses",
        "alt": "Three terraced houses, the middle one with solar panels, a heat pump and lit windows",
        "body": [
            (
                "text",
                "<p>When we first came here the windows were wet every morning and the meter stood at 2,100 cubic metres of gas a year. The Van Dijks had 25,000 euros and no wish for a year of building dust. The plan had three stages, each of which they could stop after.</p><h2>What they did</h2><ul><li><strong>Year one:</strong> cavity walls and floor insulated, draught strips, a fan that reacts to moisture.</li><li><strong>Year two:</strong> new glass downstairs, at the same time as the painting that had to be done anyway.</li><li><strong>Year three:</strong> a small hybrid heat pump and ten solar panels.</li></ul>",
            ),
            (
                "numbers",
                [
                    ("2,100 → 480", "cubic metres of gas a year"),
                    ("€ 21,300", "spent, after grants"),
                    ("9 years", "until it has paid for itself"),
                ],
            ),
            (
                "quote",
                "The money is nice. But what we notice is that the children do their homework upstairs again.",
                "Femke van Dijk",
                "Apeldoorn",
            ),
            (
                "text",
                "<h2>What they would do differently</h2><p>The fan should have come first: in the first winter after insulating, the bathroom ceiling turned grey. And they would have asked the neighbours sooner. In the end four houses had their cavity walls done on the same day, which saved each of them a few hundred euros.</p>",
            ),
        ],
    },
    "draughts": {
        "title": "Draughts are not ventilation",
        "slug": "draughts-are-not-ventilation",
        "days_ago": 47,
        "author": "Noor Hendriks",
        "guide": "insulation",
        "tags": ["ventilation", "insulation"],
        "introduction": "Closing gaps makes a house warmer, but the air must come from somewhere. How to keep it fresh without heating the street.",
        "image": "open-window",
        "alt": "An open window with a curtain, a plant and a mug on the sill, and air flowing in",
        "body": [
            (
                "text",
                "<p>“An old house has to breathe,” people say at many a kitchen table. The people in it have to, the house does not. A draught comes when the wind feels like it: too much in a storm, too little on a still winter’s day, just when the windows are shut.</p><h2>Fresh air in three steps</h2><p>Air comes in through living rooms and bedrooms, passes under the doors, and goes out through the kitchen, bathroom and toilet. If one of these three is blocked, it does not work. In half of the houses we visit the gap under the bedroom door is the problem, because of a new carpet.</p>",
            ),
            (
                "tip",
                "Buy a CO₂ meter",
                "<p>They cost about fifty euros. Below 800 is fine, above 1,200 you will notice when you wake up. Put it in the bedroom first.</p>",
            ),
            (
                "text",
                "<h2>Air it out, then close</h2><p>Ten minutes with windows open on both sides replaces all the air in the room, while walls and furniture stay warm. A window that is ajar all day does the opposite: little fresh air and cold walls on which moisture settles.</p>",
            ),
        ],
    },
    "noise": {
        "title": "How much noise does a heat pump make? We went to listen",
        "slug": "how-much-noise-does-a-heat-pump-make",
        "days_ago": 61,
        "author": "Noor Hendriks",
        "guide": "heat-pump",
        "tags": ["heat pumps", "stories"],
        "introduction": "Six gardens, one clear night with frost and a sound meter. What you hear depends less on the make than on the wall behind it.",
        "image": "quiet-at-night",
        "alt": "A heat pump at night with arcs of sound that fade before they reach a sleeping cat",
        "body": [
            (
                "text",
                "<p>At half past six in the morning, at four degrees below zero, a heat pump works hardest. So that is when we stood in six gardens, in our thickest coats, with a meter on a tripod.</p>",
            ),
            (
                "numbers",
                [
                    ("52 dB", "the loudest, at one metre: a quiet conversation"),
                    ("38 dB", "the same pump at five metres"),
                    ("31 dB", "the quietest of the six at five metres"),
                ],
            ),
            (
                "text",
                "<h2>The spot matters more than the make</h2><p>The loudest and the quietest turned out to be the same model. One stood in a corner between two brick walls, which throws the sound back twice. The other stood free, on rubber feet, with a hedge behind it.</p><h2>What the rules say</h2><p>At the boundary of your plot it may be 40 decibels at most at night. An installer has to show you this on paper before the work begins. Ask for that sheet, and for the night setting: it makes a difference of three to five decibels and costs hardly any heat.</p>",
            ),
            (
                "quote",
                "I only know it is running when I see the snow melt in front of it.",
                "The neighbour in garden number four",
                "",
            ),
        ],
    },
}

WEBINAR = {
    "menu_title": "Webinar",
    "slug": "webinar",
    "title": "From gas to heat pump in three calm steps",
    "introduction": "One hour, three houses, real bills. Our advisers show what was done, in which order, and what they would do differently now. Bring your questions.",
    "image": "webinar-on-a-laptop",
    "alt": "A laptop on which an adviser holds up a model house for three people taking part",
    "body": [
        (
            "text",
            "<h2>What we talk about</h2><ul><li>How to tell from your own gas bill how big a heat pump you need</li><li>A flat, a terraced house and a farmhouse: three plans side by side</li><li>What to ask the installer, and which answers should worry you</li><li>Half an hour for your questions</li></ul><p>Can’t make it that evening? Sign up anyway and we will send you the recording.</p>",
        ),
    ],
    "speakers": [("Ruben Kaya", "adviser, heating"), ("Ilse Brandsma", "adviser, insulation")],
    "button_text": "Sign me up",
    "thank_you_heading": "See you at the webinar",
    "thank_you_text": "<p>Your seat is reserved. We will send the link to the address you gave us, and a reminder on the day itself.</p>",
    "fields": [
        ("first_name", "First name", "singleline", True, ""),
        ("email", "Email address", "email", True, "We send the link to this address."),
        ("company", "Company", "singleline", False, ""),
        ("newsletter", "Also send me the monthly newsletter", "checkbox", False, ""),
    ],
}

NEWSLETTER = {
    "title": "Newsletter",
    "slug": "newsletter",
    "introduction": "Once a month: one tip you can use the same day, one house we visited, and news about rules and grants. No advertising.",
    "image": "letter-in-the-door",
    "alt": "An envelope in the brass letterbox of a dark green front door",
    "body": [
        (
            "text",
            "<h2>What to expect</h2><p>The newsletter comes out on the first Thursday of the month and takes four minutes to read. You can leave with one click, at the foot of every issue.</p>",
        ),
    ],
    "button_text": "Subscribe",
    "thank_you_heading": "Welcome",
    "thank_you_text": "<p>You are on the list. The next newsletter comes out on the first Thursday of the month.</p>",
    "fields": [
        ("first_name", "First name", "singleline", False, ""),
        ("email", "Email address", "email", True, ""),
        ("newsletter", "Yes, send me the newsletter by email", "checkbox", True, ""),
    ],
}

PRICING = {
    "title": "Pricing",
    "slug": "pricing",
    "introduction": "One price per plan, agreed beforehand. We earn nothing from what you buy afterwards, so we have no reason to talk you into anything.",
    "small_print": "Prices include VAT and travel within the Netherlands. For flats and owners’ associations we make a quote.",
    "plans": [
        {
            "name": "Advice by phone",
            "price": "€ 0",
            "period": "half an hour",
            "text": "For a first question, or a second opinion on one quote.",
            "features": ["Call with an adviser", "Summary by email", "The guides that fit your house"],
            "button_text": "Begin with a guide",
            "button": "guides",
            "highlighted": False,
        },
        {
            "name": "House plan",
            "price": "€ 395",
            "period": "one visit",
            "text": "For anyone who wants to know what to do first and what can wait.",
            "features": [
                "Two hours in your house",
                "Thermal pictures, in winter",
                "Plan in stages, with costs and savings",
                "Overview of the grants you can get",
                "An hour of questions afterwards",
            ],
            "button_text": "First join the webinar",
            "button": "webinar",
            "highlighted": True,
        },
        {
            "name": "Plan and guidance",
            "price": "€ 890",
            "period": "until the work is done",
            "text": "For those who would like somebody beside them until the last screw.",
            "features": [
                "Everything in the house plan",
                "Up to six quotes compared",
                "Two visits while the work goes on",
                "Check at delivery, with report",
                "Grant applications filled in",
            ],
            "button_text": "Meet the advisers",
            "button": "about",
            "highlighted": False,
        },
    ],
    "questions": [
        (
            "Do you get money from installers?",
            "<p>No. No commission, no fee for referrals, no sponsored pages. It says so in our articles of association.</p>",
        ),
        (
            "How long until you can come?",
            "<p>Usually two to three weeks. From November to February it takes a little longer, because that is when thermal pictures make sense.</p>",
        ),
        (
            "What if the plan is of no use to me?",
            "<p>Then you tell us within a month and get your money back. It has happened nine times so far, and we learnt something each time.</p>",
        ),
        (
            "Do you also come to rented houses?",
            "<p>Yes, if the landlord agrees. We write the plan so that you can hand it over.</p>",
        ),
    ],
}

ABOUT = {
    "title": "About us",
    "slug": "about-us",
    "introduction": "Eleven advisers, one conviction: people make good decisions if somebody explains it properly.",
    "image": "advice-at-the-kitchen-table",
    "alt": "An adviser and two residents look at a drawing of a house at the kitchen table",
    "body": [
        (
            "text",
            "<p>Lindehaag began in 2012 with a borrowed thermal camera and a street in Deventer where nobody trusted the salesmen any more. We went from door to door, measured, and wrote down what we would do if it were our own house. Nothing has changed about that since.</p><h2>What we stand for</h2><ul><li>We sell advice and nothing else.</li><li>We say so when something is not worth it, even if it is in fashion.</li><li>We measure, and we come back after a year to see whether we were right.</li></ul>",
        ),
        (
            "numbers",
            [
                ("4,100", "houses visited"),
                ("83%", "did at least the first stage"),
                ("± 12%", "between what we expect and what it becomes"),
            ],
        ),
        (
            "text",
            "<h2>Contact</h2><p>Call us on working days between nine and five, or write. A person answers, usually the same day. You will find the address at the foot of this page.</p>",
        ),
    ],
}

PRIVACY = {
    "title": "Privacy",
    "slug": "privacy",
    "introduction": "What we keep, why, for how long, and how you have it removed. In plain language.",
    "body": [
        (
            "text",
            "<h2>What we keep</h2><p>When you visit this site we note which pages you read and which guides you download, under a random number. We know who you are only when you tell us: on a form, or by logging in.</p><h2>What we use it for</h2><p>To send you what you asked for, and to send you other things only if you have said yes to that. You can withdraw that yes at any time, with the link at the foot of every email.</p><h2>What we do not do</h2><p>We sell nothing to others, load nothing from advertising networks, and place no cookies of third parties.</p><h2>Your rights</h2><p>You may see, correct or erase what we have about you. Write to us and it will be done within a month.</p>",
        ),
    ],
}
