/** Markdown that tries to harm its readers, by what it tries. */
export const hostileMarkdown: Record<string, string> = {
	script:
		"<script>window.pwned = 1</script>\n\ntext <script>window.pwned=1</script>",
	"script in a table": "| a |\n|---|\n| <script>window.pwned = 1</script> |",
	"event handlers":
		'<img src=x onerror="window.pwned=1">\n\n<b onmouseover=window.pwned=1>b</b> <details open ontoggle=window.pwned=1>',
	"javascript links":
		"[a](javascript:window.pwned=1) [b](JaVaScRiPt:window.pwned=1) [c](java&#115;cript:window.pwned=1) [d](\u0001javascript:window.pwned=1) <javascript:window.pwned=1>",
	"javascript reference": "[a][x]\n\n[x]: javascript:window.pwned=1",
	"data and vbscript links":
		"[a](data:text/html,<script>window.pwned=1</script>) [b](vbscript:x) [c](file:///etc/passwd) [d](blob:x)",
	svg: '<svg onload=window.pwned=1><a xlink:href="javascript:window.pwned=1"><text>x</text></a></svg>\n\n![x](data:image/svg+xml;base64,PHN2Zy8+)',
	frames:
		'<iframe src="https://evil.example.com/"></iframe>\n<object data="x"></object>\n<embed src="x">',
	forms:
		'<form action="/reports/x/decision" method="post"><input name="status" value="approved"><button autofocus>Approve…</button></form>',
	styles:
		'<style>body{display:none}</style>\n<div style="position:fixed;inset:0">x</div>\n<link rel=stylesheet href="https://evil.example.com/x.css">',
	"base and refresh":
		'<base href="https://evil.example.com/">\n<meta http-equiv="refresh" content="0;url=https://evil.example.com/">',
	"remote images":
		"![alt](https://evil.example.com/x.png) ![][r] ![p](//evil.example.com/y.png)\n\n[r]: http://evil.example.com/z.png",
	"unicode tricks":
		"approve\u202Edesserp\u202C zero\u200Bwidth tag\u{E0041}\u{E0042} soft\u00ADhyphen bom\uFEFF",
	"clobbered names":
		'<a id="main" name="csrf">x</a>\n\n# main\n\n# __proto__\n\n# constructor\n\n[x](#main) [^main]\n\n[^main]: note',
	"broken out of the page":
		'</div></section></main></body></html>\n\n--> ]]> "><script>window.pwned=1</script> {{constructor}} {{window.pwned=1}}',
	"code that is markup":
		'```html "><script>window.pwned=1</script>\n</code></pre><script>window.pwned=1</script>\n```\n\n`<script>window.pwned=1</script>`',
	"deep nesting": `${"> ".repeat(3000)}x\n\n${"- ".repeat(500)}x`,
	"unclosed everything": `${"[".repeat(5000)}${"*a ".repeat(5000)}${"![](".repeat(2000)}`,
	"misleading link":
		"[https://github.com/intility/good](https://evil.example.com/phish)",
	"relative links": "[approve](/reports/x/decision) [up](../../docs) [q](?a=b)",
};
