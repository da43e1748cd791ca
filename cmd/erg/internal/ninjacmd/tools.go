package ninjacmd

func (c *command) runTool() int { return c.fatal("unknown tool '%s'", c.tool) }
