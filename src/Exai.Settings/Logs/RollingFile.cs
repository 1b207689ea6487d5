using System.Text;
using Exai.Settings.Home;

namespace Exai.Settings.Logs;

/// <summary>
/// A log file that is put aside when it is full: <c>x.log</c> becomes <c>x.log.1</c>, that <c>x.log.2</c>, and the oldest goes.
/// Two generations of the daemon write to one file while they overlap, so each line goes to the file's present end, and a file that the other one put aside
/// is let go.
/// </summary>
/// <remarks>For one thread. Throws what the file system throws; the next line tries again.</remarks>
internal sealed class RollingFile(string path, long maxBytes, int maxFiles) : IDisposable
{
    private FileStream? _stream;

    public void Write(string line)
    {
        var bytes = Encoding.UTF8.GetBytes(line + "\n");
        try
        {
            _stream ??= Open();
            if (_stream.Length > 0 && _stream.Length + bytes.Length > maxBytes)
            {
                MakeRoom(bytes.Length);
            }

            _stream!.Seek(0, SeekOrigin.End);
            _stream.Write(bytes);
        }
        catch
        {
            Close();
            throw;
        }
    }

    public void Dispose() => Close();

    /// <summary>Ours is full, but the name may already stand for a new file.</summary>
    private void MakeRoom(int needed)
    {
        Close();
        _stream = Open();
        if (_stream.Length == 0 || _stream.Length + needed <= maxBytes)
        {
            return;
        }

        Close();
        Roll();
        _stream = Open();
    }

    private void Roll()
    {
        for (var number = maxFiles - 1; number >= 1; number--)
        {
            var from = number == 1 ? path : $"{path}.{number - 1}";
            if (File.Exists(from))
            {
                File.Move(from, $"{path}.{number}", overwrite: true);
            }
        }

        if (maxFiles <= 1)
        {
            File.Delete(path);
        }
    }

    private FileStream Open()
    {
        if (Path.GetDirectoryName(path) is { Length: > 0 } folder && !Directory.Exists(folder))
        {
            Directory.CreateDirectory(folder);
        }

        var options = OwnerOnlyFile.Options(FileMode.OpenOrCreate);
        options.Share = FileShare.ReadWrite | FileShare.Delete;
        return new FileStream(path, options);
    }

    private void Close()
    {
        _stream?.Dispose();
        _stream = null;
    }
}
