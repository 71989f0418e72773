"""Publishes a line to a hub that runs elsewhere, and prints its id.

python publish.py http://127.0.0.1:8844 numbers "one more"
"""

import sys

import eventwire

url, topic, text = sys.argv[1:]

with eventwire.Publisher(url) as publisher:
    print(publisher.publish(topic, text))
