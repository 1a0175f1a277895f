"""Records as text for people and machines: terminal, Markdown, JUnit, SARIF; shared words and exact numbers."""
