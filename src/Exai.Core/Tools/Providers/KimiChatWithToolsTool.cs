using System.Text.Json;
using Exai.Core.Models;
using Exai.Protocol;

namespace Exai.Core.Tools.Providers;

/// <summary>
/// A conversation that the caller brings along, answered by Kimi, with its web search. That is all the tools there are: one answer of MCP has no
/// way to run a caller's function in its middle, so other tools are refused instead of being left out unseen.
/// </summary>
internal sealed class KimiChatWithToolsTool(ModelDirectory directory) : ITool
{
    private const string Provider = "kimi";

    private static readonly string SystemPrompt = PromptLibrary.Read("chat");

    public ToolDescriptor Descriptor { get; } = ToolCatalogue.Find("kimi_chat_with_tools")!;

    public async Task<ToolAnswer> RunAsync(CallContext context, CancellationToken cancellationToken)
    {
        var arguments = context.Arguments;
        var said = BroughtConversation.Read(arguments.Any("messages"));
        var wished = arguments.Text("model");
        var question = Asking.Question(context, said.SystemPrompt ?? SystemPrompt, said.Prompt, thread: null) with
        {
            Model = wished is not (null or "auto") ? wished : $"{Provider}/{Default()}",
            History = said.History,
            WebSearch = Searches(arguments),
        };
        var answer = await context.AskAsync("answer", question, cancellationToken);
        return new ToolAnswer(AnswerText.Compose(answer), new Threads.Turn
        {
            CallId = context.Call.CallId,
            Tool = Descriptor.Name,
            Question = said.Prompt,
            Answer = answer.Text,
            Model = $"{answer.Provider}/{answer.Model}",
            At = context.Time.GetUtcNow(),
        });
    }

    private string Default() => directory.Provider(Provider) is { PreferredModels: [var first, ..] }
        ? first
        : throw new CallException(ErrorCodes.NoProvider, "The provider kimi is not configured. Set KIMI_API_KEY and restart the daemon.");

    /// <exception cref="CallException">INVALID_ARGUMENT: a tool is no web search.</exception>
    private static bool Searches(ToolArguments arguments)
    {
        var names = arguments.ObjectList("tools").Select(Name).ToList();
        if (names.Find(name => name is not ("$web_search" or "web_search")) is { } other)
        {
            throw ToolArguments.Invalid($"'tools' holds '{other}', which nobody here can run. Only web_search can be given; run your own functions and tell what they returned in 'messages'.");
        }

        return names.Count > 0 || (arguments.OptionalBool("use_websearch") ?? false);
    }

    private static string Name(JsonElement tool) =>
        tool.TryGetProperty("function", out var function) && function.ValueKind == JsonValueKind.Object && function.TryGetProperty("name", out var name)
            && name.ValueKind == JsonValueKind.String ? name.GetString()! : "a tool without a name";
}
