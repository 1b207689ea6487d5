using Exai.Core.Models;
using Exai.Core.Threads;
using Exai.Protocol;
using Exai.Settings;

namespace Exai.Core.Tools.Chat;

/// <summary>One question to one model, with the thread's earlier turns if it continues one.</summary>
internal sealed class ChatTool : ITool
{
    private const int LongestPrompt = 1_000_000;
    private static readonly string SystemPrompt = PromptLibrary.Read("chat");

    public ToolDescriptor Descriptor { get; } = ToolCatalogue.Find("chat")!;

    public async Task<ToolAnswer> RunAsync(CallContext context, CancellationToken cancellationToken)
    {
        var arguments = context.Arguments;
        arguments.RefuseUnlessEmpty("files", "is not supported by this version of chat: put what the model must see into the prompt.");
        arguments.RefuseUnlessEmpty("images", "is not supported by this version of chat: describe the image in the prompt.");
        var prompt = arguments.RequiredText("prompt", LongestPrompt);
        var question = new ModelQuestion
        {
            Model = arguments.OptionalText("model", 100),
            SystemPrompt = SystemPrompt,
            Prompt = prompt,
            Thinking = arguments.OptionalChoice<ThinkingMode>("thinking_mode"),
            WebSearch = arguments.OptionalBool("use_websearch") ?? false,
            Temperature = (float?)arguments.OptionalNumber("temperature", 0, 2),
            Fallback = arguments.OptionalChoice<FallbackMode>("fallback"),
            ConversationId = context.Call.ThreadId,
        };

        var thread = await context.OpenThreadAsync(cancellationToken);
        var answer = await context.AskAsync(
            "answer",
            question with
            {
                ContinueWith = thread?.Turns is [.., var last] ? last.Model : null,
                History = thread is null ? [] : [.. thread.Turns.Select(turn => (turn.Question, turn.Answer))],
            },
            cancellationToken);

        var turn = new Turn
        {
            CallId = context.Call.CallId,
            Tool = Descriptor.Name,
            Question = prompt,
            Answer = answer.Text,
            Model = $"{answer.Provider}/{answer.Model}",
            At = context.Time.GetUtcNow(),
        };
        return new ToolAnswer(AnswerText.Compose(answer), turn);
    }
}
