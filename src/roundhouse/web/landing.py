"""What a browser sees at `/` until the page is there. Plain HTML without scripts."""

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:12vh auto;padding:0 1.5rem;"
    "color:#222;background:#fff}code{background:#eee;padding:.1em .3em;border-radius:3px}"
    "@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}code{background:#333}}"
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
    "<p>Use it from the command line, in a git repository:</p>"
    "<p><code>roundhouse run &quot;explain this repository&quot; --agent demo</code><br>"
    "<code>roundhouse ls</code> lists the sessions, <code>roundhouse attach ID</code> follows one, "
    "<code>roundhouse agents</code> says which agents are installed.</p>"
    '<p>The HTTP interface is described in <a href="/openapi.json">/openapi.json</a>.</p>',
)
