using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Exai.Core.Storage;
using Exai.Core.Storage.Sql;
using Exai.Core.Threads;
using Exai.Settings;
using Spectre.Console;

namespace Exai.Cli.Commands;

/// <summary>
/// <c>exai threads</c>: the conversations in this home's store, with or without a running daemon. They stay readable after their
/// continuation_id has expired, until the daemon forgets them.
/// </summary>
internal static class ThreadsCommand
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static Command Create()
    {
        var command = new Command("threads", "List, show, search, export or delete conversations.");
        command.Add(CreateList());
        command.Add(CreateSearch());
        command.Add(CreateShow());
        command.Add(CreateExport());
        command.Add(CreateDelete());
        return command;
    }

    private static Command CreateList()
    {
        var most = Most();
        var list = new Command("list", "The conversations that went on last.") { most };
        list.SetAction((parsed, cancellationToken) => WithStoreAsync((store, settings) => ListAsync(store, settings, text: null, parsed.GetValue(most), cancellationToken)));
        return list;
    }

    private static Command CreateSearch()
    {
        var text = new Argument<string>("text") { Description = "What a question or an answer must hold; case is ignored." };
        var most = Most();
        var search = new Command("search", "The conversations in which a text occurs.") { text, most };
        search.SetAction((parsed, cancellationToken) => WithStoreAsync((store, settings) => ListAsync(store, settings, parsed.GetValue(text), parsed.GetValue(most), cancellationToken)));
        return search;
    }

    private static Command CreateShow()
    {
        var id = Id();
        var show = new Command("show", "One conversation, to read.") { id };
        show.SetAction((parsed, cancellationToken) => WithThreadAsync(parsed.GetValue(id)!, thread => Terminal.Print(Told(thread)), cancellationToken));
        return show;
    }

    private static Command CreateExport()
    {
        var id = Id();
        var file = new Option<string?>("--output", "-o") { Description = "The file to write; standard output without it." };
        var export = new Command("export", "One conversation as JSON.") { id, file };
        export.SetAction((parsed, cancellationToken) => WithThreadAsync(
            parsed.GetValue(id)!,
            thread =>
            {
                var json = JsonSerializer.Serialize(thread, Json);
                if (parsed.GetValue(file) is { } path)
                {
                    File.WriteAllText(path, json + "\n");
                }
                else
                {
                    Terminal.Print(json);
                }
            },
            cancellationToken));
        return export;
    }

    private static Command CreateDelete()
    {
        var id = Id();
        var delete = new Command("delete", "Forget a conversation and the calls that it was made of.") { id };
        delete.SetAction((parsed, cancellationToken) => WithStoreAsync(async (store, _) =>
        {
            var thread = parsed.GetValue(id)!;
            if (await store.DeleteAsync(thread, cancellationToken))
            {
                Terminal.Print($"Thread {thread} is deleted.");
                return ExitCodes.Ok;
            }

            Terminal.Explain(await store.FindAsync(thread, cancellationToken) is null
                ? $"There is no thread {thread}. 'exai threads list' shows those that there are."
                : $"A call on thread {thread} is still running. Delete it when the call has ended.");
            return ExitCodes.Failed;
        }));
        return delete;
    }

    private static Argument<string> Id() => new("id") { Description = "Its continuation_id." };

    private static Option<int> Most() => new("--most", "-n") { Description = "How many to show.", DefaultValueFactory = _ => 20 };

    private static async Task<int> ListAsync(IThreadStore store, ExaiSettings settings, string? text, int most, CancellationToken cancellationToken)
    {
        var threads = await store.ListAsync(text, most, cancellationToken);
        if (threads.Count == 0)
        {
            Terminal.Explain(text is null ? "There are no threads yet." : $"No thread holds \"{text}\".");
            return ExitCodes.Ok;
        }

        var now = TimeProvider.System.GetUtcNow();
        var table = new Table().AddColumns("id", "last turn", "turns", "tools", "began with");
        foreach (var thread in threads)
        {
            var expired = now - thread.UpdatedAt > settings.Tools.ConversationTimeout ? " (expired)" : "";
            table.AddRow(
                thread.ThreadId, thread.UpdatedAt.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture) + expired, $"{thread.Turns}",
                Markup.Escape(string.Join(", ", thread.Tools)), Markup.Escape(Title(thread.Title)));
        }

        Terminal.Output.Write(table);
        return ExitCodes.Ok;
    }

    private static Task<int> WithThreadAsync(string id, Action<ConversationThread> use, CancellationToken cancellationToken) => WithStoreAsync(async (store, _) =>
    {
        if (await store.FindAsync(id, cancellationToken) is not { } thread)
        {
            Terminal.Explain($"There is no thread {id}. 'exai threads list' shows those that there are.");
            return ExitCodes.Failed;
        }

        use(thread);
        return ExitCodes.Ok;
    });

    private static async Task<int> WithStoreAsync(Func<IThreadStore, ExaiSettings, Task<int>> work)
    {
        if (Configuration.LoadOrExplain() is not { } settings)
        {
            return ExitCodes.WrongUsage;
        }

        if (!HomeStore.Exists(settings))
        {
            Terminal.Explain($"There is no store at {settings.Store.Path} yet. Conversations of a daemon on another machine are there.");
            return ExitCodes.Failed;
        }

        return await HomeStore.UseAsync(settings, database => work(new SqlThreadStore(database), settings));
    }

    private static string Told(ConversationThread thread)
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"Thread {thread.ThreadId}, {thread.CreatedAt:yyyy-MM-dd HH:mm}Z to {thread.UpdatedAt:yyyy-MM-dd HH:mm}Z");
        foreach (var turn in thread.Turns)
        {
            var who = turn.Model.Length == 0 ? turn.Tool : $"{turn.Tool}, {turn.Model}";
            text.Append(CultureInfo.InvariantCulture, $"\n\n── {turn.At:yyyy-MM-dd HH:mm:ss}Z · {who} ──\n\n> {turn.Question.ReplaceLineEndings("\n> ")}\n\n{turn.Answer}");
            if (turn.Files.Count > 0)
            {
                text.Append("\n\nFiles: ").AppendJoin(", ", turn.Files.Select(file => file.Path));
            }
        }

        return text.ToString();
    }

    private static string Title(string question)
    {
        var line = question.ReplaceLineEndings(" ");
        return line.Length <= 60 ? line : line[..57] + "...";
    }
}
