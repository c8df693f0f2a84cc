#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A notification server (Desktop Notifications 1.2) that tells on standard output, one JSON object a
line, what it is asked to show, and presses buttons when it is told to on standard input.

It shows nothing on a screen itself, invents nothing, and ends with its input. With an address of
another session bus as second argument it also hands what it is asked to show to the server there.
"""

import json
import sys
import threading
import time

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

NAME, PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"
XML = """<node><interface name="org.freedesktop.Notifications">
<method name="GetCapabilities"><arg type="as" direction="out"/></method>
<method name="GetServerInformation"><arg type="s" direction="out"/><arg type="s" direction="out"/>
 <arg type="s" direction="out"/><arg type="s" direction="out"/></method>
<method name="Notify"><arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/>
 <arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="as" direction="in"/>
 <arg type="a{sv}" direction="in"/><arg type="i" direction="in"/><arg type="u" direction="out"/></method>
<method name="CloseNotification"><arg type="u" direction="in"/></method>
<signal name="NotificationClosed"><arg type="u"/><arg type="u"/></signal>
<signal name="ActionInvoked"><arg type="u"/><arg type="s"/></signal>
</interface></node>"""


class Server:
    def __init__(self, capabilities):
        self.capabilities = capabilities
        self.last_id = 0
        self.open = {}
        self.screen = None      # connection to the bus of a server that has a screen
        self.on_screen = {}     # our id → its id

    def say(self, what, **fields):
        print(json.dumps(dict(fields, what=what, at=time.monotonic()), ensure_ascii=False), flush=True)

    def call(self, connection, sender, path, interface, method, arguments, invocation):
        invocation.return_value(getattr(self, method)(sender, *arguments.unpack()))

    def GetCapabilities(self, sender):
        return GLib.Variant("(as)", (self.capabilities,))

    def GetServerInformation(self, sender):
        return GLib.Variant("(ssss)", ("recorder", "Koban tests", "1", "1.2"))

    def Notify(self, sender, app, replaces, icon, summary, body, actions, hints, expires):
        if replaces in self.open:
            number = replaces
        else:
            self.last_id += 1
            number = self.last_id
        self.open[number] = sender
        self.say("notify", id=number, replaces=replaces, app=app, icon=icon, summary=summary, body=body,
                 actions=dict(zip(actions[::2], actions[1::2])), expires=expires,
                 hints={k: v if isinstance(v, (str, int, bool)) else str(v) for k, v in hints.items()})
        self.forward(number, icon, summary, body, actions, expires)
        return GLib.Variant("(u)", (number,))

    def forward(self, number, icon, summary, body, actions, expires):
        if self.screen is None:
            return
        wish = GLib.Variant("(susssasa{sv}i)", ("Koban demo", self.on_screen.get(number, 0), icon, summary, body, [], {},
                                                expires))
        try:
            self.on_screen[number] = self.screen.call_sync(NAME, PATH, NAME, "Notify", wish, GLib.VariantType("(u)"),
                                                           Gio.DBusCallFlags.NONE, 2000, None).unpack()[0]
        except GLib.Error as error:
            print("the session's own server: %s" % error.message, file=sys.stderr)
            self.screen = None

    def CloseNotification(self, sender, number):
        self.say("close", id=number)
        self.closed(number, 3)
        return None

    def closed(self, number, reason):
        if self.open.pop(number, None) is not None:
            self.connection.emit_signal(None, PATH, NAME, "NotificationClosed", GLib.Variant("(uu)", (number, reason)))
            self.connection.flush_sync(None)
            self.say("closed", id=number)

    def obey(self, command):
        if "act" in command:
            self.connection.emit_signal(None, PATH, NAME, "ActionInvoked",
                                        GLib.Variant("(us)", (command["act"], command["key"])))
            self.closed(command["act"], 2)
        elif "dismiss" in command:
            self.closed(command["dismiss"], 2)


def main():
    capabilities = [c for c in sys.argv[1].split(",") if c] if len(sys.argv) > 1 else ["body", "actions"]
    server = Server(capabilities)
    loop = GLib.MainLoop()
    server.connection = Gio.bus_get_sync(Gio.BusType.SESSION, None)
    if len(sys.argv) > 2:
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        server.screen = Gio.DBusConnection.new_for_address_sync(sys.argv[2], flags, None, None)
    interface = Gio.DBusNodeInfo.new_for_xml(XML).interfaces[0]
    server.connection.register_object(PATH, interface, server.call, None, None)
    Gio.bus_own_name_on_connection(server.connection, NAME, Gio.BusNameOwnerFlags.NONE, None, lambda *a: loop.quit())

    def listen():
        for line in sys.stdin:
            GLib.idle_add(server.obey, json.loads(line))
        GLib.idle_add(loop.quit)

    threading.Thread(target=listen, daemon=True).start()
    loop.run()


if __name__ == "__main__":
    main()
