/** Words that may appear beside a pass without taking anything back. */
export const harmlessWords =
	"pass passed passes ok okay done compliant complete completed approved verified implemented satisfied met yes all fully good confirmed successfully everything both and is are the check checked reviewed tested well green ja godkjent bestått oppfylt fullført ferdig ivaretatt alt og er sjekket testet".split(
		" ",
	);

/**
 * Words that may precede a check's name without changing the meaning: "Is there a dashboard", "Proper span
 * attributes".
 */
export const leadingWords =
	"a an the all any every each our is are do does did has have we you there check checked proper valid verified confirmed reviewed configured enabled enforced implemented working automated use uses using used access and or of in to on with for required only en et den det alle vår våre er har finnes aktivert satt opp i på med og eller kun bare".split(
		" ",
	);

/** Words that deny. */
export const denialWords =
	"no not none never nothing nobody nowhere neither nor without cannot isn aren wasn weren doesn didn don hasn haven won wouldn couldn shouldn ikke ingen ingenting intet aldri uten verken nei ikkje inga inget inte utan kein keine keinen keiner keinerlei nicht ohne".split(
		" ",
	);

/** Words that postpone something, or make it conditional. */
export const futureWords =
	"later soon planned planning plan plans will shall would should could may might going upcoming future tomorrow next eventually once if until till todo tbd tbc pending waiting awaiting scheduled roadmap backlog someday postponed deferred yet intended promised senere snart planlagt planlegges skal vil bør kommer fremtidig når hvis dersom inntil venter avventer gjenstår utsatt".split(
		" ",
	);

/** Words for what failed, was removed, or is only half done. */
export const failureWords =
	"fail fails failed failing failure lack lacks lacking missing absent off disabled deactivated skip skipped skips drop dropped removed broken stopped paused suspended abandoned cancelled canceled deleted rejected ignored bypassed waived exempt exempted against despite violated violation incomplete unfinished unclear unsure unknown untested unverified unchecked unscanned unavailable nearly almost mostly partly partially partial except unless but hardly barely rarely seldom sometimes maybe perhaps probably possibly supposedly allegedly theory decided declined refused blocked instead mangler feilet feiler avslått deaktivert fjernet hoppet stanset underkjent avvist ødelagt nesten delvis unntatt bortsett men kanskje trolig".split(
		" ",
	);

/** Words for what is kept out or removed: "refuses API keys", "images are rejected". */
export const refusalWords =
	"avoid avoids refuse refuses refused reject rejects rejected forbid forbids forbidden block blocks blocked remove removes removed replace replaces replaced drop drops dropped deny denies denied prohibit prohibits prohibited avviser avvises fjernet erstatter erstattet".split(
		" ",
	);

/** Nouns for what is better absent: "no findings", "uten root". */
export const dangerNouns = [
	..."findings finding finds issues issue remarks remark comments errors error warnings vulnerabilities vulnerability secrets root exceptions exception wildcards deviations passthrough funn avvik merknader feil sårbarheter hemmeligheter unntak".split(
		" ",
	),
	"critical findings",
	"high findings",
	"open findings",
	"root access",
];
