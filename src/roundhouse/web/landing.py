"""What a browser sees where the page cannot be: without a token, and where it was not built. Plain HTML."""

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:12vh auto;padding:0 1.5rem;"
    "color:#1d1b17;background:#fbfaf8}code{background:#f3f1ec;padding:.1em .3em;border-radius:3px}"
    "a{color:#8a3b12}"
    "@media(prefers-color-scheme:dark){body{color:#ebe8e1;background:#131416}code{background:#202327}"
    "a{color:#f0a35e}}"
)


def _html(heading: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Roundhouse</title><style>{_STYLE}</style>"
        f"<main><h1>{heading}</h1>{body}</main></html>\n"
    )


LOCKED = _html(
    "A token is needed",
    "<p>Open the link that <code>roundhouse up</code> printed; it lets this browser in.</p>",
)

RUNNING = _html(
    "Roundhouse is running",
    "<p>Its web page is not built here. In the folder of Roundhouse, <code>scripts/build-page.sh</code> builds it "
    "and says what is missing; then restart with <code>roundhouse restart server</code>.</p>"
    "<p>Everything can also be done from the command line, in a git repository:</p>"
    "<p><code>roundhouse run &quot;explain this repository&quot; --agent demo</code><br>"
    "<code>roundhouse ls</code> lists the sessions, <code>roundhouse attach ID</code> follows one, "
    "<code>roundhouse agents</code> says which agents are installed.</p>"
    '<p>The HTTP interface is described in <a href="/openapi.json">/openapi.json</a>.</p>',
)
