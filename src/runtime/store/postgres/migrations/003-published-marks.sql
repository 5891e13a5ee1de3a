-- A mark names the topic it is on: {"sequence": 7, "topicId": "..."}. What marks without one stood for is published again;
-- consumers drop what they have seen.
update tasks set published = '{}';
