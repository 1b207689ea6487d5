using Exai.Core.Models;
using Exai.Core.Threads;
using Exai.Core.Tools.Files;
using Exai.Protocol;

namespace Exai.Core.Tools.Chat;

/// <summary>One question to one model, with the thread's earlier turns if it continues one.</summary>
internal sealed class ChatTool : ITool
{
    private static readonly string SystemPrompt = PromptLibrary.Read("chat");

    public ToolDescriptor Descriptor { get; } = ToolCatalogue.Find("chat")!;

    public async Task<ToolAnswer> RunAsync(CallContext context, CancellationToken cancellationToken)
    {
        var arguments = context.Arguments;
        var prompt = arguments.RequiredText("prompt", int.MaxValue);
        var named = arguments.TextList("files");
        if (context.Call.Files.Count == 0)
        {
            // Asked as if all were well, the model would answer about files that it never saw.
            RefuseUnsent("files", named);
            RefuseUnsent("images", arguments.TextList("images").Where(image => !FileGatherer.IsGiven(image)));
        }

        var thread = await context.OpenThreadAsync(cancellationToken);
        var files = await context.GatherFilesAsync(named, thread, cancellationToken);
        var question = Asking.Question(context, SystemPrompt, files.Note.Length == 0 ? prompt : $"{prompt}\n\n{files.Note}", thread) with
        {
            Files = files.Texts,
            Images = files.Images,
            EarlierImages = files.EarlierImages,
        };
        if (arguments.Text("kimi_thinking") is not null)
        {
            question = question with { Thinking = question.Thinking ?? ThinkingMode.High };
        }

        var answer = await context.AskAsync("answer", question, cancellationToken);
        var turn = new Turn
        {
            CallId = context.Call.CallId,
            Tool = Descriptor.Name,
            Question = prompt,
            Answer = answer.Text,
            Model = $"{answer.Provider}/{answer.Model}",
            At = context.Time.GetUtcNow(),
            Files = files.References,
        };
        return new ToolAnswer(Asking.WithNote(AnswerText.Compose(answer), files), turn);
    }

    private static void RefuseUnsent(string argument, IEnumerable<string> paths)
    {
        if (paths.Any())
        {
            throw ToolArguments.Invalid($"'{argument}' names {string.Join(", ", paths.Take(5))}, and this client sent no files with the call. {FileGatherer.HowToSend}");
        }
    }
}
