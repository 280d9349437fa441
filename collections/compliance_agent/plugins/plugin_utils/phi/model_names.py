# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of language models: a family, and words and numbers that publishers put behind it.

A free form would let a person's name pass, which has the same letters. So each part is of a list,
or a version, a size or a date of this century; a name with a part of its own is text.
Source: the model lists of OpenAI, Anthropic, Google, Amazon Bedrock, Ollama and Hugging Face.
"""

LENGTH_MAX = 80
# Who publishes it, or through whom it is asked: openai/gpt-4o-mini, us.anthropic.claude-…
_VENDOR = (
    "ai21|amazon|anthropic|apac|azure|bedrock|cohere|deepseek|deepseek-ai|eu|google|groq"
    "|huggingface|ibm|ibm-granite|meta|meta-llama|microsoft|mistral|mistralai|nvidia|ollama|openai"
    "|openrouter|qwen|together|us|vertex_ai|xai"
)
_FAMILY = (
    "chatgpt|claude|codellama|codestral|command|dbrx|deepseek|devstral|falcon|gemini|gemma|glm|gpt"
    "|granite|grok|jamba|llama|magistral|ministral|mistral|mixtral|nemotron|nova|olmo|phi|qwen|qwq"
    "|smollm|starcoder|titan|yi"
)
_WORD = (
    "awq|base|beta|bf16|chat|code|coder|cpu|dense|distill|edge|exp|experimental|fast|flash|fp16|fp8"
    "|gguf|gptq|gpu|haiku|hf|instant|instruct|int4|int8|it|k|l|large|latest|lite|m|math|maverick"
    "|max|medium|micro|mini|mlx|moe|nano|nemo|opus|oss|plus|preview|pro|r|reasoner|reasoning|s"
    "|scout|small|sonnet|stable|text|thinking|tiny|turbo|ultra|versatile|vision|xl"
)
# 4o, 70b, 405b, 8x7b, v2, q4, r1, a3b, 002; 2024, 20241022, 0613. Dots and underscores part these.
# Three bare digits are none: with others they could be a phone number.
_NUMBER = (
    r"[aeqrv]?[0-9]{1,2}[a-z]?|[0-9]{3}[bk]|00[0-9]|[0-9]{1,2}x[0-9]{1,3}b"
    r"|20[0-9]{2}(?:[01][0-9][0-3][0-9])?|[01][0-9][0-3][0-9]"
)
_NAMED = rf"(?:{_FAMILY})(?:[0-9]{{1,2}}[a-z]?)?"
# A family alone may be a first name: it takes a number or another part to be a model.
_FIRST = rf"(?:o[1-9]|(?:{_FAMILY})[0-9]{{1,2}}[a-z]?|(?:{_FAMILY})(?=[-_.:]))"
MODEL_NAME = (
    rf"(?i:(?=.{{2,{LENGTH_MAX}}}\Z)(?:(?:{_VENDOR})[/.]){{0,3}}"
    rf"{_FIRST}(?:[-_.:](?:{_NAMED}|{_WORD}|{_NUMBER})){{0,12}})"
)
