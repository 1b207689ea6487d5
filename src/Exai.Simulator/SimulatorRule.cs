namespace Exai.Simulator;

/// <summary>
/// One line of a script: which chat requests it is for, and what happens to them. Every member left out means the ordinary:
/// an answer at once, complete, in the dialect's own shape.
/// </summary>
public sealed record SimulatorRule
{
    // Which requests: all given members must match.

    /// <summary>The model id, case ignored; null matches every model.</summary>
    public string? Model { get; init; }

    /// <summary>A text that the last user message contains, case-sensitive; null matches every prompt.</summary>
    public string? PromptContains { get; init; }

    /// <summary><c>glm</c>, <c>kimi</c> or <c>openai</c>; null matches all three.</summary>
    public string? Dialect { get; init; }

    /// <summary>
    /// The start of a method and path below the base, such as <c>POST /files</c>: the rule is for those requests and not for chat. Null is
    /// for chat alone.
    /// </summary>
    public string? Endpoint { get; init; }

    /// <summary>How many requests the rule serves before it is used up; null has no end.</summary>
    public int? Times { get; init; }

    // The shape and pace of the answer.

    /// <summary>Milliseconds from the request to the first token; default 0.</summary>
    public double FirstTokenMs { get; init; }

    /// <summary>Milliseconds from the request to the response headers (of an error, too); default 0.</summary>
    public double HeadersMs { get; init; }

    /// <summary>Tokens a second after the first, reasoning included; 0 (the default) writes as fast as the client reads.</summary>
    public double TokensPerSecond { get; init; }

    /// <summary>Tokens of reasoning; null: <see cref="SimulatorServer.DefaultReasoningTokens"/> if the model would think, else none.</summary>
    public int? ReasoningTokens { get; init; }

    /// <summary>The answer word by word; null: an echo of the prompt.</summary>
    public string? Answer { get; init; }

    /// <summary>Exact length of the echo in tokens, filled up or cut; null leaves it as it is. Unused beside <see cref="Answer"/>.</summary>
    public int? AnswerTokens { get; init; }

    /// <summary>Name of a function to call in place of an answer, until the request brings its result; null calls none.</summary>
    public string? ToolCall { get; init; }

    /// <summary>The call's arguments as the model writes them, not checked; null: <c>{}</c>.</summary>
    public string? ToolArguments { get; init; }

    /// <summary>One of <see cref="SimulatorSources"/>: where GLM puts the pages that its search found; null: the finish chunk itself.</summary>
    public string? SourcesAt { get; init; }

    // Trouble on the wire.

    /// <summary>One of <see cref="SimulatorStage"/>: silence from there on, until the client leaves.</summary>
    public string? HangAt { get; init; }

    /// <summary>Hang after so many tokens; counted within the stage for <c>reasoning</c> and <c>answer</c>, else over all tokens.</summary>
    public int? HangAfterTokens { get; init; }

    /// <summary>One of <see cref="SimulatorStage"/>: the connection ends there. What was written before still arrives.</summary>
    public string? DropAt { get; init; }

    /// <summary>Drop after so many tokens; counted as for <see cref="HangAfterTokens"/>.</summary>
    public int? DropAfterTokens { get; init; }

    /// <summary>
    /// Milliseconds of silence after which a <c>: keep-alive</c> comment goes out (a blank line where the answer is no stream); null sends none.
    /// </summary>
    public double? KeepAliveCommentEveryMs { get; init; }

    // Errors in the dialect's own words.

    /// <summary>HTTP status to refuse with, 400 to 599; null answers.</summary>
    public int? Status { get; init; }

    /// <summary>
    /// The vendor's code (GLM) or type (Kimi); null: the usual one for the status; empty: none. One of the vendor's list refuses by itself, with
    /// the status and message that belong to it; any other needs a <see cref="Status"/> or a <see cref="StreamError"/>.
    /// </summary>
    public string? ErrorCode { get; init; }

    /// <summary>
    /// The error's message; null: that of the code, or the usual one for the status. <c>{reset}</c> becomes the time two hours from the request
    /// as GLM writes it.
    /// </summary>
    public string? ErrorMessage { get; init; }

    /// <summary>GLM's messages in Chinese, as whoever does not ask for English gets them.</summary>
    public bool ChineseErrors { get; init; }

    /// <summary>Seconds for Retry-After; a fraction goes out as <c>retry-after-ms</c>. Null sends no header.</summary>
    public double? RetryAfterSecs { get; init; }

    /// <summary>An error inside a response of status 200: its message, or the error object itself when the text starts with a brace.</summary>
    public string? StreamError { get; init; }

    /// <summary>Tokens before <see cref="StreamError"/>; default 0.</summary>
    public int StreamErrorAfterTokens { get; init; }

    /// <summary>
    /// How a stream says <see cref="StreamError"/>: <c>data</c> (the default), a chunk by itself; <c>event</c>, a frame named <c>error</c>, as LM
    /// Studio; <c>finish</c>, beside a choice whose finish reason is <c>error</c>, as OpenRouter.
    /// </summary>
    public string? StreamErrorAs { get; init; }

    /// <summary>An HTML page in place of the error object; status 504 unless <see cref="Status"/> says otherwise.</summary>
    public bool HtmlError { get; init; }

    // Oddities of the stream.

    /// <summary>The finish reason to send; null: <c>stop</c>, <c>tool_calls</c>, or <c>length</c> when the request's limit cut the answer.</summary>
    public string? FinishReason { get; init; }

    /// <summary>Leaves <c>[DONE]</c> out.</summary>
    public bool OmitDone { get; init; }

    /// <summary>Sends <c>[DONE]</c> twice.</summary>
    public bool DoubleDone { get; init; }

    /// <summary>Leaves usage out everywhere.</summary>
    public bool OmitUsage { get; init; }

    /// <summary>Finishes cleanly without a token of answer; reasoning stays.</summary>
    public bool EmptyAnswer { get; init; }

    /// <summary>Sends the reasoning as a <c>&lt;think&gt;</c> block at the start of the content, its tags cut across chunks.</summary>
    public bool ThinkInContent { get; init; }

    /// <summary>Puts GLM's box marks around the answer, cut across chunks.</summary>
    public bool BoxMarks { get; init; }

    /// <summary>
    /// After so many tokens of a stream the bytes of a second completion follow, with an id of its own, from its beginning to a clean end; null
    /// sends one completion.
    /// </summary>
    public int? SpliceAfterTokens { get; init; }

    /// <summary>
    /// Where the second completion starts: <c>line</c> (the default), in the middle of a data line; <c>text</c>, its first chunk as text within a
    /// delta, after which the first completion goes on.
    /// </summary>
    public string? SpliceAs { get; init; }

    /// <summary>Ends lines with CR LF.</summary>
    public bool Crlf { get; init; }

    /// <summary>Writes the body in pieces of one to three bytes, across characters.</summary>
    public bool SplitUtf8 { get; init; }
}
