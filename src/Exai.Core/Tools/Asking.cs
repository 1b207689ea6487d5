using Exai.Core.Models;
using Exai.Core.Threads;
using Exai.Core.Tools.Files;
using Exai.Settings;

namespace Exai.Core.Tools;

/// <summary>What the tools that ask a model have in common.</summary>
internal static class Asking
{
    /// <summary>A question with the arguments that every such tool takes, and the thread's turns.</summary>
    /// <param name="without">Turns that the prompt holds in its own way.</param>
    public static ModelQuestion Question(CallContext context, string systemPrompt, string prompt, ConversationThread? thread, Func<Turn, bool>? without = null)
    {
        var arguments = context.Arguments;
        return new ModelQuestion
        {
            Model = arguments.Text("model"),
            ContinueWith = thread?.LastModel,
            SystemPrompt = systemPrompt,
            Prompt = prompt,
            History = thread?.History(without) ?? [],
            Thinking = arguments.OptionalChoice<ThinkingMode>("thinking_mode"),
            WebSearch = arguments.OptionalBool("use_websearch") ?? false,
            Temperature = (float?)arguments.OptionalNumber("temperature", 0, 2),
            Fallback = arguments.OptionalChoice<FallbackMode>("fallback"),
            ConversationId = context.Call.ThreadId,
        };
    }

    /// <summary>The answer, and which files its model has not seen.</summary>
    public static string WithNote(string answer, CallFiles files) => files.Problems.Count == 0 ? answer : $"{answer}\n\n[{files.Note}]";
}
